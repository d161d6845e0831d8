/*
 * sse.h - GET /events.
 */
#ifndef SERVE_SSE_H
#define SERVE_SSE_H

struct request;

/* Answer the request with a stream, or say why not. `arg` is the transport. */
void sse_open(void *arg, struct request *request);

#endif
