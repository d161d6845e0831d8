/*
 * connection.h - what one socket of libwebsockets is busy with: an SSE stream, a WebSocket, or a request to be
 *                answered.
 *
 * Owns      itself; lws holds a bare pointer (its "opaque user data"), taken back before the connection is freed.
 * Lives     from its request until lws says that the socket closed, or until its request is answered. lws closes
 *           sockets only from the loop, never from within lws_write(), so a connection never dies under the broker's
 *           hands.
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "pending.h"

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>

struct connection;
struct publication;
struct transport;

/* What lws reports. The int is lws's: 0 goes on, -1 closes. NULL: nothing to do. */
struct connection_ops {
    int (*on_writable)(struct connection *connection);
    int (*on_input)(struct connection *connection, char *bytes, size_t len); /* a body, or (part of) a message */
    int (*on_input_end)(struct connection *connection);                      /* the body is whole */
    void (*on_pong)(struct connection *connection);
    void (*on_leaving)(struct connection *connection); /* the browser said goodbye */
    void (*on_published)(struct connection *connection, const struct pending *pending,
                         const struct publication *result);
    void (*on_closed)(struct connection *connection); /* frees it */
};

struct connection {
    const struct connection_ops *ops;
    struct transport *transport;
    struct lws *wsi;
    bool is_waiting;              /* lws wants the socket to become writable: it may hold a rest */
    struct pending_list pendings; /* answers that it waits for */
};

/* Put it on the socket. */
void connection_open(struct connection *connection, const struct connection_ops *ops, struct transport *transport,
                     struct lws *wsi);
/* Take it off the socket, and forget what it waits for. The memory stays with the caller. */
void connection_shut(struct connection *connection);
/* lws begins to wait for the socket to become writable, or ends it. */
void connection_on_wait(struct lws *wsi, bool is_waiting);
/* NULL: the socket is between requests. */
struct connection *connection_of(struct lws *wsi);

#endif
