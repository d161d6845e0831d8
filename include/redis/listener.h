/*
 * listener.h - a connection that hears pub/sub, in the order in which Redis executed things, and keeps itself alive.
 *
 * Story     It resolves, connects, says who it is; after a loss again, for ever, with full-jitter back-off from 50 ms to
 *           1 s. Subscriptions do not outlive a loss: whoever subscribes does so each time it comes up.
 * Promise   Events come from the loop, never from within a call.
 */
#ifndef REDIS_LISTENER_H
#define REDIS_LISTENER_H

#include "base/bytes.h"
#include "base/check.h"

#include <stdbool.h>

struct loop;
struct listener;
struct redis_config;

struct heard {
    struct bytes pattern; /* len 0: heard by an exact subscription */
    struct bytes channel;
    struct bytes payload;
};

struct listener_events {
    void (*up)(void *arg);                    /* connected; nothing is subscribed */
    void (*down)(void *arg, const char *why); /* lost, or could not connect: all subscriptions are void */
    void (*confirmed)(void *arg, bool is_pattern, struct bytes name); /* from here on everything on it is heard */
    void (*message)(void *arg, const struct heard *heard);
};

/* `role` (a literal) names the connection in Redis and in the log; the config is borrowed. NULL: no memory. */
MUST_CHECK struct listener *listener_new(struct loop *loop, const struct redis_config *config, const char *role,
                                         const struct listener_events *events, void *arg);
void listener_free(struct listener *listener);
bool listener_is_up(const struct listener *listener);
/* Why it is not up; "" where nothing went wrong yet. */
const char *listener_trouble(const struct listener *listener);

/* Only while it is up. Names are raw Redis channel names or patterns. */
void listener_subscribe(struct listener *listener, bool is_pattern, struct bytes name);
void listener_unsubscribe(struct listener *listener, bool is_pattern, struct bytes name);
/* More may have come than the loop brought: hear it now. Not from within an event. */
void listener_hear_more(struct listener *listener);
/* Give this connection up, now, and connect anew: it is deaf. `why` is a literal. */
void listener_restart(struct listener *listener, const char *why);

#endif
