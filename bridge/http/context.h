/*
 * context.h - a struct http as its own files see it, and the part of it that is libwebsockets' context.
 */
#ifndef HTTP_CONTEXT_H
#define HTTP_CONTEXT_H

#include "base/check.h"
#include "http/http.h"

#include <libwebsockets.h>
#include <stdint.h>

struct acceptor;
struct eventlib;
struct pipe;

#define CONTEXT_SUBPROTOCOLS_MAX 4

struct http {
    struct http_config config;
    const struct http_handlers *handlers;
    void *arg; /* of the handlers */
    struct lws_protocols protocols[CONTEXT_SUBPROTOCOLS_MAX + 1];
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct eventlib *eventlib;
    struct acceptor *acceptor;
    const struct pipe *pipe; /* of its connections */
    unsigned descriptors;    /* that lws may have: no newcomers beyond it */
    unsigned exchanges;      /* whose answer is not out yet */
    uint64_t last_number;    /* of a connection; it begins somewhere */
};

struct http *context_http(struct lws *wsi);

/* Set lws up; http's config, handlers and eventlib are there. false: the reason is in the log. */
MUST_CHECK bool context_init(struct http *http);
/* Each connection hears that it is closed. */
void context_fini(struct http *http);

#endif
