/*
 * sse.h - GET /events: Server-Sent Events.
 */
#ifndef SERVE_SSE_H
#define SERVE_SSE_H

#include "incoming.h"

/* Answers with a stream or a refusal. */
extern const struct incoming_kind sse_incoming;

#endif
