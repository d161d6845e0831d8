/*
 * reply.h - what becomes of a call to Redis.
 */
#ifndef REDIS_REPLY_H
#define REDIS_REPLY_H

#include "words/position.h"

#include <stdint.h>

enum reply_status {
    REPLY_OK,
    REPLY_DOWN,  /* not connected, or the connection died: it may or may not have been executed */
    REPLY_ERROR, /* Redis answered with an error; the text says which */
};

struct reply {
    enum reply_status status;
    const char *text; /* the error; "" where there is none */
};

/* Answers that say no more than a position, or no more than that it is done. */
typedef void (*caller_position_fn)(void *arg, uint64_t ticket, struct reply reply, struct position position);
typedef void (*caller_done_fn)(void *arg, uint64_t ticket, struct reply reply);

#endif
