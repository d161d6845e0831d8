/*
 * link.h - one connection to Redis that reconnects by itself.
 *
 * Story     resolve -> connect -> (TLS) -> greet (AUTH, SELECT, CLIENT SETNAME, FUNCTION LOAD if loads_library, and
 *           what space.h has to ask) -> up. After a loss or a failure it waits (full-jitter backoff, 50 ms to 1 s) and
 *           starts over, for ever.
 * Promise   `up` and `down` alternate, and come from the loop (`down` also from within link_read()). Each command that
 *           is sent while up gets one reply, in order; NULL if the connection died. The context is valid only while up.
 * Lives     from link_new() to link_free(), which must not be called from within a callback of this link. link_free()
 *           answers the commands in flight with NULL; it does not call `down`.
 */
#ifndef REDIS_LINK_H
#define REDIS_LINK_H

#include "base/check.h"

#include <hiredis/async.h>
#include <stdbool.h>

struct link;
struct loop;
struct redis_config;

struct link_events {
    void (*up)(void *arg);
    void (*down)(void *arg, const char *why);
};

/* `role` (a string literal) names the connection in Redis and in the log; `config` is borrowed for the link's life.
 * Connects in the background. NULL: no memory. */
MUST_CHECK struct link *link_new(struct loop *loop, const struct redis_config *config, const char *role,
                                 bool loads_library, const struct link_events *events, void *arg);
void link_free(struct link *link);

/* What to send commands on; NULL while the link is not up. Borrowed until the next return to the loop. */
redisAsyncContext *link_context(struct link *link);

/* Read the socket once and deliver what has arrived, without waiting for the loop. Not from within a callback of this
 * link. */
void link_read(struct link *link);

/* Why it is not up; "" if it is up, is about to be restarted, or has not failed yet. Borrowed until the next return to
 * the loop. */
const char *link_trouble(const struct link *link);

/* Drop the connection and start over, from the loop: `down` comes later. `why` is a string literal. Does nothing unless
 * the link is up. */
void link_restart(struct link *link, const char *why);

#endif
