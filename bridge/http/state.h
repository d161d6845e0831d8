/*
 * state.h - struct http, for the files of this room only.
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
    void *arg; /* for the handlers */
    struct lws_protocols protocols[HTTP_SUBPROTOCOLS_MAX + 1];
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct eventlib *eventlib;
    struct acceptor *acceptor;
    const struct pipe *pipe; /* of all its connections */
    unsigned descriptors;    /* that lws may have before accepting is paused */
    unsigned exchanges;      /* whose answer has not been sent yet */
    uint64_t last_number;    /* of a connection; starts at a random number */
};

#endif
