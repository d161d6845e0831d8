/*
 * context.h - the part of a struct http that is libwebsockets' context.
 */
#ifndef HTTP_CONTEXT_H
#define HTTP_CONTEXT_H

#include "base/check.h"

#include <stdbool.h>

struct http;

/* Set lws up; http's config, handlers and eventlib are there. false: the reason is in the log. */
MUST_CHECK bool context_init(struct http *http);
/* Each connection hears that it is closed. */
void context_fini(struct http *http);

#endif
