/*
 * request.h - reading what libwebsockets has parsed.
 *
 * Where this room's own files meet libwebsockets' socket, the struct lws, which the door does not know. The ints are
 * lws's: 0 goes on, -1 closes the socket.
 */
#ifndef HTTP_REQUEST_PRIVATE_H
#define HTTP_REQUEST_PRIVATE_H

#include "base/check.h"
#include "http/request.h"

struct http;
struct lws;

#define REQUEST_ARGS_MAX 128 /* lws takes fewer: arguments and headers share a table of about a hundred */

/* Read the request that lws has parsed; its arguments into `args`. false: no memory, or more than anybody needs. */
MUST_CHECK bool request_init(struct request *request, struct request_arg args[static REQUEST_ARGS_MAX],
                             struct http *http, struct lws *wsi);
/* The handler has returned. */
void request_fini(struct request *request);

#endif
