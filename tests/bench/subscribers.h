/*
 * subscribers.h - the browsers' side: many connections in one epoll set.
 *
 * Story     Each subscriber connects, completes the exchanges of its dialect, and from then on looks for payload marks
 *           in the bytes it receives and hands the payloads to traffic. It does not parse frames: finding the mark
 *           and one memcmp are all that the check needs, and keep the client cheaper than any server.
 * Promise   One read per event: epoll is edge-triggered, and a short read means that the socket is drained.
 * Owns      the sockets and the epoll set.   Borrows  the traffic, until _fini.
 * Fails     _open_all prints why and returns false. A subscriber that is disconnected later is counted in `cut`.
 */
#ifndef BENCH_SUBSCRIBERS_H
#define BENCH_SUBSCRIBERS_H

#include "dialect.h"
#include "traffic.h"

#include <stdbool.h>
#include <stdint.h>

struct subscriber;

struct subscribers_options {
    int port;
    const struct dialect *dialect;
    const char *path;   /* the request target, for redis the channel; "{c}" stands for its name */
    const char *prefix; /* a channel's name is this followed by its number */
    uint32_t count;
    uint64_t deadline_ns; /* monotonic time by which all must be open */
};

struct subscribers {
    struct subscribers_options options;
    struct traffic *traffic;
    struct subscriber *all;
    uint32_t started, opened, cut;
    int epoll_fd;
    char *buffer; /* shared by all: the bytes of the last read */
};

bool subscribers_init(struct subscribers *s, const struct subscribers_options *options, struct traffic *traffic);
bool subscribers_open_all(struct subscribers *s);

/* Read what has arrived, waiting at most timeout_ms for it. Returns the number of sockets that had an event. */
int subscribers_turn(struct subscribers *s, int timeout_ms);
void subscribers_fini(struct subscribers *s);

/* The name of channel `number`. */
void channel_name(char out[static 96], const char *prefix, uint32_t number);

#endif
