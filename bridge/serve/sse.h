/*
 * sse.h - GET /events.
 */
#ifndef SERVE_SSE_H
#define SERVE_SSE_H

struct lws;
struct request;
struct transport;

/* Answer the request with a stream, or say why not. The int is lws's. */
int sse_open(struct transport *transport, struct lws *wsi, const struct request *request);

#endif
