/*
 * caller.h - a connection that calls the functions of our Lua library, and reconnects by itself.
 *
 * Story     It resolves, connects, authenticates and loads the library; after a loss or a failure it starts over, for
 *           ever, with full-jitter backoff from 50 ms to 1 s. Calls are pipelined and answered in order. They are
 *           declared by topic: publish.h, page.h and beat.h for the workers, seat.h and inbox.h for the recorder.
 * Promise   Each call's callback runs exactly once, from the event loop and never from within the call, even if the
 *           connection dies (REPLY_DOWN). Calls that are unanswered when a caller is freed get REPLY_DOWN before
 *           caller_free() returns; after that no callback runs.
 * Tickets   A callback's `ticket` is the number that was passed with the call. The object that made the call may no
 *           longer exist by then, so look it up by its ticket, not by a pointer.
 */
#ifndef REDIS_CALLER_H
#define REDIS_CALLER_H

#include "base/check.h"

#include <stdbool.h>

struct loop;
struct caller;
struct redis_config;

/* Why a caller went down: what it was connected to has become a replica. Its address may lead elsewhere by now. */
#define CALLER_READONLY "READONLY this Redis has become a replica"

struct caller_events {
    void (*up)(void *arg);
    void (*down)(void *arg, const char *why);
};

/* `role` (a string literal) names the connection in Redis and in the log; `config` is borrowed for the caller's life.
 * Connects in the background. Free it with caller_free(). NULL: no memory. */
MUST_CHECK struct caller *caller_new(struct loop *loop, const struct redis_config *config, const char *role,
                                     const struct caller_events *events, void *arg);
void caller_free(struct caller *caller);
bool caller_is_up(const struct caller *caller);
/* Drop the connection, and make a new one to what the address leads to by then. `why` is a literal. */
void caller_restart(struct caller *caller, const char *why);
/* Why it is not up; "" if it is up or has not failed yet. Borrowed until the next return to the loop. */
const char *caller_trouble(const struct caller *caller);

#endif
