/*
 * connection.h - attaching a connection to its socket, detaching it, and what libwebsockets reports.
 *
 * For this room's own files, which use libwebsockets' socket (struct lws); callers of the public header never touch it.
 * An int is the result of an lws callback: 0 continues, -1 closes the socket.
 */
#ifndef HTTP_CONNECTION_PRIVATE_H
#define HTTP_CONNECTION_PRIVATE_H

#include "base/check.h"
#include "http/connection.h"

struct http;
struct lws;
struct response;

/* Attach it to the socket. */
void connection_init(struct connection *connection, const struct connection_ops *ops, struct http *http,
                     struct lws *wsi);
/* Detach it. */
void connection_fini(struct connection *connection);
/* Write this head, and attach the connection for what follows. false: the head could not be written (the socket failed,
 * or no memory); the caller must then reset what connection_of() returns for the socket. */
MUST_CHECK bool connection_begin(struct connection *connection, const struct connection_ops *ops, struct http *http,
                                 struct lws *wsi, const struct response *head);
/* The socket's connection. NULL: it has none, as between two requests. */
struct connection *connection_of(struct lws *wsi);

/* lws starts or stops waiting for the socket to become writable. */
void connection_on_wait(struct lws *wsi, bool is_waiting);
/* Log that fd made the loop spin and is no longer read from. wsi: NULL if fd is no socket of lws. */
void connection_on_mute(struct lws *wsi, int fd);
/* What lws reports. connection may be NULL. */
int connection_on_writable(struct connection *connection);
int connection_on_body(struct connection *connection, char *bytes, size_t len);
int connection_on_message(struct connection *connection, char *bytes, size_t len);
int connection_on_pong(struct connection *connection);
int connection_on_leaving(struct connection *connection);
int connection_on_closed(struct connection *connection);

#endif
