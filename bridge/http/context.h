/*
 * context.h - libwebsockets' context, as a part of struct http.
 */
#ifndef HTTP_CONTEXT_H
#define HTTP_CONTEXT_H

#include "base/check.h"

#include <stdbool.h>

struct http;

/* Set up lws; http's config, handlers and eventlib must be set. false: the reason is in the log. */
MUST_CHECK bool context_init(struct http *http);
/* Destroys the context; every connection gets its on_closed. */
void context_fini(struct http *http);

#endif
