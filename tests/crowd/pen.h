/*
 * pen.h - the backend's side: one connection to Redis that says messages, at a pace.
 *
 * Story     Message i of an order goes to channel first + i % channels. Plain PUBLISH goes the recorder's way;
 *           FCALL bridge_publish is in the log before it is answered. Both are pipelined, as far as `window` allows.
 * Fails     An error of Redis is counted and the first one printed; a lost connection ends the program.
 */
#ifndef CROWD_PEN_H
#define CROWD_PEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CHANNEL_NAME "public:c%u"

struct pen_order {
    uint32_t channels, first, size, window;
    uint64_t count;
    double rate; /* a second; 0: as fast as the window allows */
    bool is_fcall;
};

/* Connect to the Redis at this port of 127.0.0.1. False: it does not answer. `tag` is what epoll gives back. */
bool pen_open(int port, int epoll_fd, void *tag);

/* In place of what it was doing. */
void pen_say(const struct pen_order *order, uint64_t now_ns);
void pen_hush(void);

/* Say what is due, read what is answered. True: there will be more. */
bool pen_turn(uint64_t now_ns);

/* Nothing is under way, and what was said last is in the log by now. */
bool pen_is_quiet(uint64_t now_ns);

/* Its figures, as one JSON object. */
void pen_print(FILE *out, uint64_t now_ns);

#endif
