/*
 * response.h - answers as bytes.
 *
 * For this room's own files, which use libwebsockets' socket (struct lws); callers of the public header never touch it.
 * An int is the result of an lws callback: 0 continues, -1 closes the socket.
 */
#ifndef HTTP_RESPONSE_PRIVATE_H
#define HTTP_RESPONSE_PRIVATE_H

#include "base/buffer.h"
#include "base/check.h"
#include "http/response.h"

struct lws;

/* The whole answer as bytes; is_head: without its body. false: no memory, or headers that are too long. */
MUST_CHECK bool response_format(struct buffer *out, struct lws *wsi, const struct response *response, bool is_head);
/* The head of an answer whose body has no end. Fails like response_format(). */
MUST_CHECK bool response_format_endless(struct buffer *out, struct lws *wsi, const struct response *response);
/* Send what was formatted, and get the socket ready for its next request (is_last: have it closed). */
int response_write(struct lws *wsi, struct buffer *whole, bool is_last);

#endif
