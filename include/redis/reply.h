/*
 * reply.h - the outcome of a call to Redis.
 */
#ifndef REDIS_REPLY_H
#define REDIS_REPLY_H

#include "words/position.h"

#include <stdint.h>

enum reply_status {
    REPLY_OK,
    REPLY_DOWN,  /* not connected, or the connection died: the call may or may not have been executed */
    REPLY_ERROR, /* Redis answered with an error, which is in `text` */
};

struct reply {
    enum reply_status status;
    const char *text; /* the error; "" if there is none. Borrowed until the callback returns */
};

/* For calls that return only a position, and for those that return only success or failure. */
typedef void (*caller_position_fn)(void *arg, uint64_t ticket, struct reply reply, struct position position);
typedef void (*caller_done_fn)(void *arg, uint64_t ticket, struct reply reply);

#endif
