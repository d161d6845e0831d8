/*
 * server.h - the door of the room: Server-Sent Events, WebSocket and plain requests for browsers, one server per worker.
 *
 * Story     http brings requests; `route` finds whom they are for, the access room who asks and what that one may; an SSE
 *           stream or a WebSocket then is a sink of one broker subscriber.
 * Promise   Nothing that a browser sends costs another browser anything. Every stream ends at an event boundary.
 */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include "base/check.h"
#include "serve/config.h"
#include "serve/ending.h"

#include <stdbool.h>
#include <stdint.h>

struct broker;
struct loop;
struct server;

/* Takes config->listening, also where it fails, and accepts at once. NULL: the reason is in the log. */
MUST_CHECK struct server *server_new(struct loop *loop, struct broker *broker, const struct server_config *config);

/*
 * Accept nobody any more, end every stream at an event boundary, wait for publishes in flight, then call fn from the
 * loop; after `within_ms` at the latest.
 */
void server_drain(struct server *server, uint64_t within_ms, void (*fn)(void *arg), void *arg);

struct server_status {
    bool is_draining;
    unsigned connections; /* open streams, right now */
    unsigned parked;      /* requests that wait until it is known who asks */
    uint64_t stalled;     /* streams that were cut because they took nothing */
    uint64_t ended[ENDINGS];
};

void server_status(const struct server *server, struct server_status *out);

/* Connections are cut where they are. */
void server_free(struct server *server);

#endif
