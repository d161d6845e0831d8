/*
 * link.h - one connection to Redis that keeps itself alive.
 *
 * Story     resolve -> connect -> (TLS) -> greet (AUTH, SELECT, CLIENT SETNAME, and FUNCTION LOAD where asked for) ->
 *           up. After a loss or a failure it waits (full jitter, 50 ms to 1 s) and begins again, for ever.
 * Promise   `up` and `down` alternate, and come from the loop. Commands sent while up are answered once, in order, with
 *           NULL where the connection died. The context is good only while the link is up.
 * Lives     from link_new() to link_free(), which must not be called from within a callback of this link.
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

MUST_CHECK struct link *link_new(struct loop *loop, const struct redis_config *config, const char *role,
                                 bool loads_library, const struct link_events *events, void *arg);
void link_free(struct link *link);

/* NULL while it is not up. Borrowed until the next return to the loop. */
redisAsyncContext *link_context(struct link *link);

/* Take what has come since the last read, without waiting for the loop. Not from within a callback of this link. */
void link_read(struct link *link);

/* Why it is not up; "" where nothing went wrong since it last was. Borrowed until the next return to the loop. */
const char *link_trouble(const struct link *link);

/* Drop the connection and begin again, from the loop: `down` comes later. `why` is a literal. */
void link_restart(struct link *link, const char *why);

#endif
