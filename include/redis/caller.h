/*
 * caller.h - a connection that calls the functions of our library, and keeps itself alive.
 *
 * Story     It resolves, connects, says who it is and loads the library; after a loss again, for ever, with full-jitter
 *           back-off from 50 ms to 1 s. Calls are pipelined and answered in order. What there is to call is declared by
 *           theme: publish.h, page.h, beat.h for the workers, seat.h, inbox.h for the recorder.
 * Promise   An answer comes exactly once per call, from the loop, never from within the call; also when the connection
 *           dies (REPLY_DOWN). What is owed when a caller is freed is answered REPLY_DOWN before caller_free() returns;
 *           after that no callback comes.
 * Tickets   A callback's `ticket` is the number that whoever asked gave with the call; who asked may be gone by then.
 */
#ifndef REDIS_CALLER_H
#define REDIS_CALLER_H

#include "base/check.h"

#include <stdbool.h>

struct loop;
struct caller;
struct redis_config;

struct caller_events {
    void (*up)(void *arg);
    void (*down)(void *arg, const char *why);
};

/* `role` (a literal) names the connection in Redis and in the log; the config is borrowed. NULL: no memory. */
MUST_CHECK struct caller *caller_new(struct loop *loop, const struct redis_config *config, const char *role,
                                     const struct caller_events *events, void *arg);
void caller_free(struct caller *caller);
bool caller_is_up(const struct caller *caller);
/* Why it is not up; "" where nothing went wrong yet. */
const char *caller_trouble(const struct caller *caller);

#endif
