/*
 * sse.h - GET /events.
 */
#ifndef SERVE_SSE_H
#define SERVE_SSE_H

#include "incoming.h"

/* Answer with a stream, or say why not. */
extern const struct incoming_kind sse_incoming;

#endif
