/*
 * parts.h - what a server is made of, for the files of this room.
 */
#ifndef SERVE_PARTS_H
#define SERVE_PARTS_H

#include "base/buffer.h"
#include "http/wheel.h"
#include "parking.h"
#include "serve/config.h"
#include "serve/ending.h"
#include "session.h"

#include <stdint.h>

struct drain;
struct http;
struct loop;
struct timer;

struct server {
    struct loop *loop;
    struct server_config config;
    struct sessions sessions; /* what all who ask have in common */
    struct parking parking;   /* those of whom it is not known who they are */
    struct http *http;
    struct wheel wheel;      /* all streams, by when somebody must look at them */
    struct timer *tick;      /* turns the wheel while there are streams */
    uint64_t now_ms;         /* the clock as of the last tick: good enough for heartbeats, free of charge */
    unsigned streams;        /* open ones, and those that are ending */
    uint64_t stalled;        /* streams that were cut because they took nothing */
    uint64_t ended[ENDINGS]; /* streams, by the reason for which they ended */
    struct buffer scratch;   /* for small things that are put together and sent at once */
    struct drain *drain;     /* NULL: not draining */
};

#endif
