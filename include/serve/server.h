/*
 * server.h - the serve room's interface: Server-Sent Events, WebSocket and plain requests; one server per worker.
 *
 * Story     The http room passes requests up. `route` finds the handler of the path, and the access room says who the
 *           client is and what it may do. An SSE stream or a WebSocket is then the sink of one broker subscriber.
 * Promise   What one browser sends does not affect other browsers. A stream ends at an event boundary, unless its
 *           connection fails or the browser does not read the last bytes in time.
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

/* Takes ownership of config->listening, even if it fails, and accepts at once. NULL: no memory, or the reason is in the
 * log. */
MUST_CHECK struct server *server_new(struct loop *loop, struct broker *broker, const struct server_config *config);

/*
 * Stop accepting, end every stream at an event boundary, wait for requests and publishes in flight, then call fn from
 * the loop; after `within_ms` at the latest. Call it once.
 */
void server_drain(struct server *server, uint64_t within_ms, void (*fn)(void *arg), void *arg);

struct server_status {
    bool is_draining;
    unsigned connections;    /* open streams, right now */
    unsigned parked;         /* requests that wait for their access check */
    uint64_t stalled;        /* streams that were disconnected because they accepted no data */
    uint64_t ended[ENDINGS]; /* streams that ended, by reason */
};

void server_status(const struct server *server, struct server_status *out);

/* Disconnects every connection at once, without a farewell. NULL is fine. */
void server_free(struct server *server);

#endif
