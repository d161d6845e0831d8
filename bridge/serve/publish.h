/*
 * publish.h - POST /publish: the request's body is the payload; the answer is its id, once it is recorded.
 */
#ifndef SERVE_PUBLISH_H
#define SERVE_PUBLISH_H

#include "incoming.h"

extern const struct incoming_kind publish_incoming;

#endif
