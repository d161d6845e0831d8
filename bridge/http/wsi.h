/*
 * wsi.h - where this room's own files meet libwebsockets' socket, the struct lws, which the door does not know.
 *
 * The ints are lws's: 0 goes on, -1 closes the socket.
 */
#ifndef HTTP_WSI_H
#define HTTP_WSI_H

#include "base/buffer.h"
#include "base/check.h"
#include "http/connection.h"
#include "http/exchange.h"
#include "http/request.h"

/* --- request.c ---------------------------------------------------------------------------------------------------- */

#define REQUEST_ARGS_MAX 128 /* lws takes fewer: arguments and headers share a table of about a hundred */

/* Read the request that lws has parsed; its arguments into `args`. false: no memory, or more than anybody needs. */
MUST_CHECK bool request_init(struct request *request, struct request_arg args[static REQUEST_ARGS_MAX],
                             struct http *http, struct lws *wsi);
/* The handler has returned. */
void request_fini(struct request *request);

/* --- response.c --------------------------------------------------------------------------------------------------- */

/* The whole answer as bytes; is_head: without its body. false: no memory, or headers that are too long. */
MUST_CHECK bool response_format(struct buffer *out, struct lws *wsi, const struct response *response, bool is_head);
/* The head of an answer without an end. */
MUST_CHECK bool response_format_endless(struct buffer *out, struct lws *wsi, const struct response *response);
/* Send what was formatted, and be ready for the next request. */
int response_write(struct lws *wsi, struct buffer *whole, bool is_last);

/* --- connection.c ------------------------------------------------------------------------------------------------- */

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
/* What lws reports. NULL is fine. */
int connection_on_writable(struct connection *connection);
int connection_on_input(struct connection *connection, char *bytes, size_t len, bool is_message);
int connection_on_pong(struct connection *connection);
int connection_on_leaving(struct connection *connection);
int connection_on_closed(struct connection *connection);

/* --- exchange.c --------------------------------------------------------------------------------------------------- */

/* The socket takes its answer, which is there. It is gone afterwards. */
int exchange_send(struct exchange *exchange);

#endif
