/*
 * transport.h - the door of the transport: HTTP, Server-Sent Events and WebSocket for browsers.
 *
 * Story     libwebsockets runs on our loop and brings requests; `route` finds what they ask for, the access room
 *           whether they may; an SSE stream or a WebSocket then is a sink of one broker subscriber.
 * Promise   Nothing that a browser sends costs another browser anything. Every stream ends at an event boundary.
 */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include "base/check.h"
#include "serve/ending.h"
#include "serve/route.h"
#include "words/glob.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct access;
struct broker;
struct loop;
struct transport;

struct transport_config {
    int listening;                            /* the socket that newcomers knock at; taken */
    const char *tls_cert, *tls_key;           /* file names, or "" for plain HTTP */
    const struct access *access;              /* who may what; borrowed for the transport's life */
    const struct glob_list *default_channels; /* what /events and /ws mean when they name none */
    uint64_t heartbeat_ms;
    uint64_t stall_ms;          /* a browser that takes nothing for so long is cut */
    uint64_t max_age_ms;        /* 0: none; otherwise each stream ends at 85 to 100 % of it */
    size_t max_payload;         /* bytes */
    unsigned max_channels;      /* per browser */
    unsigned max_connections;   /* of this worker */
    const struct route *routes; /* beside the transport's own; borrowed, with what they work on */
    unsigned route_count;
};

/* Takes config->listening, also where it fails, and accepts at once. NULL: the reason is in the log. */
MUST_CHECK struct transport *transport_new(struct loop *loop, struct broker *broker,
                                           const struct transport_config *config);

/*
 * Accept nobody any more, end every stream at an event boundary, wait for publishes in flight, then call fn from the
 * loop; after `within_ms` at the latest.
 */
void transport_drain(struct transport *transport, uint64_t within_ms, void (*fn)(void *arg), void *arg);

struct transport_status {
    bool is_draining;
    unsigned connections; /* open streams, right now */
    unsigned parked;      /* requests that wait until it is known who asks */
    uint64_t stalled;     /* streams that were cut because they took nothing */
    uint64_t ended[ENDINGS];
};

void transport_status(const struct transport *transport, struct transport_status *out);

/* Connections are cut where they are. */
void transport_free(struct transport *transport);

#endif
