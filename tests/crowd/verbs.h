/*
 * verbs.h - what a scenario can tell the generator to do, one line each; each answer is one line of JSON.
 *
 *     open live count=1000 wire=ws port=8080 channels=100 rate=5000
 *     say count=10000 channels=100 size=4096 rate=50
 *     state live
 *
 * Story     No verb waits: it starts something, and `state` says how far that has come. The scenario does the waiting.
 */
#ifndef CROWD_VERBS_H
#define CROWD_VERBS_H

#include <stdbool.h>
#include <stdint.h>

/* Execute a line; the answer goes to standard output. */
void verbs_obey(char *line, int epoll_fd, void *pen_tag);

/* One turn of the pen and all groups. True: something is under way. */
bool verbs_turn(int epoll_fd, uint64_t now_ns);

/* A turn of the generator took this long: what arrived meanwhile was not read earlier. */
void verbs_count_turn(uint64_t ns);

/* Must the generator not sleep, because the server is measured? */
bool verbs_want_spinning(void);

#endif
