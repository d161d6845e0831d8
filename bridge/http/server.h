/*
 * server.h - the transport as its own files see it.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/buffer.h"
#include "pending.h"
#include "serve/serve.h"
#include "wheel.h"

#include <libwebsockets.h>

struct acceptor;
struct drain;
struct eventlib;
struct timer;

#define SUBPROTOCOL_JSON "bridge.v1.json"
#define SUBPROTOCOL_RAW "bridge.v1.raw"

struct transport {
    struct loop *loop;
    struct broker *broker;
    struct transport_config config;
    struct lws_context *context;
    struct eventlib *eventlib;
    struct acceptor *acceptor;
    unsigned descriptors; /* that lws may have: no newcomers beyond it */
    struct wheel wheel;   /* all streams, by when somebody must look at them */
    struct timer *tick;   /* turns the wheel while there are streams */
    uint64_t now_ms;      /* the clock as of the last tick: good enough for heartbeats, free of charge */
    struct pending_table pendings;
    unsigned exchanges;    /* plain requests whose answer is still to come */
    uint64_t stalled;      /* streams that were cut because they took nothing */
    struct buffer scratch; /* for small things that are put together and sent at once */
    struct drain *drain;   /* NULL: not draining */
};

struct transport *transport_of(struct lws *wsi);
/* No TLS: what a socket takes is on its way. */
bool transport_is_plain(const struct transport *transport);

#endif
