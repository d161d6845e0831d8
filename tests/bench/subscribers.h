/*
 * subscribers.h - the browsers' side: many connections in one epoll set.
 *
 * Story     Each subscriber connects, says what its dialect asks for, hears the answers, and from then on looks for
 *           payload marks in whatever comes and hands the payloads to traffic. Frames are not parsed: a mark and a
 *           memcmp say all that is asked here, and keep the client cheaper than any server.
 * Promise   One read per event: edge-triggered, and a short read means the socket is drained.
 * Owns      the sockets and the epoll set.   Borrows  the traffic, until _fini.
 * Fails     _open_all prints why and returns false. A subscriber that is cut later is counted in `cut`.
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
    const char *path;   /* in place of the dialect's; "{c}" stands for the channel */
    const char *prefix; /* a channel's name is this and its number */
    uint32_t count;
    uint64_t deadline_ns; /* for opening all of them, monotonic */
};

struct subscribers {
    struct subscribers_options options;
    struct traffic *traffic;
    struct subscriber *all;
    uint32_t started, opened, cut;
    int epoll_fd;
    char *buffer; /* shared: what the last read brought */
};

bool subscribers_init(struct subscribers *s, const struct subscribers_options *options, struct traffic *traffic);
bool subscribers_open_all(struct subscribers *s);

/* Take what has come, waiting at most timeout_ms for it. Gives the number of sockets that had something. */
int subscribers_turn(struct subscribers *s, int timeout_ms);
void subscribers_fini(struct subscribers *s);

/* The name of channel `number`. */
void channel_name(char out[static 96], const char *prefix, uint32_t number);

#endif
