/*
 * request.h - reading what libwebsockets has parsed.
 *
 * For this room's own files, which use libwebsockets' socket (struct lws); callers of the public header never touch it.
 */
#ifndef HTTP_REQUEST_PRIVATE_H
#define HTTP_REQUEST_PRIVATE_H

#include "base/check.h"
#include "http/request.h"

struct http;
struct lws;

#define REQUEST_ARGS_MAX 128 /* more than lws accepts: arguments and headers share a table of about a hundred */

/* Read the request that lws has parsed, its arguments into `args`. false: no memory, or more than REQUEST_ARGS_MAX. */
MUST_CHECK bool request_init(struct request *request, struct request_arg args[static REQUEST_ARGS_MAX],
                             struct http *http, struct lws *wsi);
/* Free what request_init() allocated: the handler has returned. */
void request_fini(struct request *request);

#endif
