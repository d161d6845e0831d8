/*
 * connection.h - on and off the socket, and what libwebsockets reports.
 *
 * Where this room's own files meet libwebsockets' socket, the struct lws, which the door does not know. The ints are
 * lws's: 0 goes on, -1 closes the socket.
 */
#ifndef HTTP_CONNECTION_PRIVATE_H
#define HTTP_CONNECTION_PRIVATE_H

#include "base/check.h"
#include "http/connection.h"

struct http;
struct lws;
struct response;

/* Put it on the socket. */
void connection_init(struct connection *connection, const struct connection_ops *ops, struct http *http,
                     struct lws *wsi);
/* Take it off. */
void connection_fini(struct connection *connection);
/* Write this head, and be on the socket for what follows. false: the socket failed; it is not. */
MUST_CHECK bool connection_begin(struct connection *connection, const struct connection_ops *ops, struct http *http,
                                 struct lws *wsi, const struct response *head);
/* NULL: the socket is between requests. */
struct connection *connection_of(struct lws *wsi);

/* lws begins to wait for the socket to become writable, or ends it. */
void connection_on_wait(struct lws *wsi, bool is_waiting);
/* It made the loop spin, and is not read from any more: that is logged. wsi: NULL where it is none of these. */
void connection_on_mute(struct lws *wsi, int fd);
/* What lws reports. NULL is fine. */
int connection_on_writable(struct connection *connection);
int connection_on_body(struct connection *connection, char *bytes, size_t len);
int connection_on_message(struct connection *connection, char *bytes, size_t len);
int connection_on_pong(struct connection *connection);
int connection_on_leaving(struct connection *connection);
int connection_on_closed(struct connection *connection);

#endif
