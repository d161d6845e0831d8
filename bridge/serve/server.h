/*
 * server.h - the transport as its own files see it.
 */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include "base/buffer.h"
#include "http/wheel.h"
#include "pending.h"
#include "route.h"
#include "serve/serve.h"

#include <stdbool.h>
#include <stdint.h>

struct drain;
struct http;
struct timer;

#define SUBPROTOCOL_JSON "bridge.v1.json"
#define SUBPROTOCOL_RAW "bridge.v1.raw"

struct transport {
    struct loop *loop;
    struct broker *broker;
    struct transport_config config;
    struct http *http;
    struct route routes[ROUTE_OWN];
    struct wheel wheel; /* all streams, by when somebody must look at them */
    struct timer *tick; /* turns the wheel while there are streams */
    uint64_t now_ms;    /* the clock as of the last tick: good enough for heartbeats, free of charge */
    unsigned streams;   /* open ones, and those that are ending */
    uint64_t stalled;   /* streams that were cut because they took nothing */
    struct pending_table pendings;
    struct buffer scratch; /* for small things that are put together and sent at once */
    struct drain *drain;   /* NULL: not draining */
};

#endif
