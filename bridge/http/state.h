/*
 * state.h - a struct http as its own files see it.
 */
#ifndef HTTP_STATE_H
#define HTTP_STATE_H

#include "http/config.h"

#include <libwebsockets.h>
#include <stdint.h>

struct acceptor;
struct eventlib;
struct pipe;

#define HTTP_SUBPROTOCOLS_MAX 4

struct http {
    struct http_config config;
    const struct http_handlers *handlers;
    void *arg; /* of the handlers */
    struct lws_protocols protocols[HTTP_SUBPROTOCOLS_MAX + 1];
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct eventlib *eventlib;
    struct acceptor *acceptor;
    const struct pipe *pipe; /* of its connections */
    unsigned descriptors;    /* that lws may have: no newcomers beyond it */
    unsigned exchanges;      /* whose answer is not out yet */
    uint64_t last_number;    /* of a connection; it begins somewhere */
};

#endif
