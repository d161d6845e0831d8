/*
 * parts.h - the parts of a server, for the files of this room.
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
    struct sessions sessions; /* what all sessions share */
    struct parking parking;   /* requests that wait for their access check */
    struct http *http;
    struct wheel wheel;      /* all streams, by when each must be looked at next */
    struct timer *tick;      /* turns the wheel while there are streams */
    uint64_t now_ms;         /* the clock at the last tick: exact enough for heartbeats, and costs no system call */
    unsigned streams;        /* that are open or ending */
    uint64_t stalled;        /* streams that were disconnected because they accepted no data */
    uint64_t ended[ENDINGS]; /* streams that ended, by reason */
    uint64_t full_logged_ms; /* when the log last said that there is no room; 0: never */
    struct buffer scratch;   /* for small frames and blocks that are sent at once */
    struct drain *drain;     /* NULL: not draining */
};

#endif
