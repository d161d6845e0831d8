/*
 * pen.h - the backend: one connection to Redis that publishes messages at a pace.
 *
 * Story     Message i of an order goes to channel first + i % channels. A plain PUBLISH is recorded by the recorder;
 *           FCALL bridge_publish is in the log before it is answered. Up to `window` commands are unanswered at a time.
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

/* Connect to the Redis at this port of 127.0.0.1. False: that failed. `tag` is the data of its epoll events. */
bool pen_open(int port, int epoll_fd, void *tag);

/* Publish this, in place of the order before. */
void pen_say(const struct pen_order *order, uint64_t now_ns);
/* Publish no more. */
void pen_hush(void);

/* Publish what is due, read the answers. True: there will be more to do. */
bool pen_turn(uint64_t now_ns);

/* Nothing is under way, and the last message is in the log by now. */
bool pen_is_quiet(uint64_t now_ns);

/* Its figures, as one JSON object. */
void pen_print(FILE *out, uint64_t now_ns);

#endif
