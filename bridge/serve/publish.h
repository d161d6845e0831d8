/*
 * publish.h - POST /publish: a message comes in as a body, and its id goes out once it is recorded.
 */
#ifndef SERVE_PUBLISH_H
#define SERVE_PUBLISH_H

#include "incoming.h"

extern const struct incoming_kind publish_incoming;

#endif
