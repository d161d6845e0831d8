/*
 * response.h - answers as bytes.
 *
 * Where this room's own files meet libwebsockets' socket, the struct lws, which the door does not know. The ints are
 * lws's: 0 goes on, -1 closes the socket.
 */
#ifndef HTTP_RESPONSE_PRIVATE_H
#define HTTP_RESPONSE_PRIVATE_H

#include "base/buffer.h"
#include "base/check.h"
#include "http/response.h"

struct lws;

/* The whole answer as bytes; is_head: without its body. false: no memory, or headers that are too long. */
MUST_CHECK bool response_format(struct buffer *out, struct lws *wsi, const struct response *response, bool is_head);
/* The head of an answer without an end. */
MUST_CHECK bool response_format_endless(struct buffer *out, struct lws *wsi, const struct response *response);
/* Send what was formatted, and be ready for the next request. */
int response_write(struct lws *wsi, struct buffer *whole, bool is_last);

#endif
