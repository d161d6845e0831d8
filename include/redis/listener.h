/*
 * listener.h - a pub/sub connection that delivers messages in Redis's order of execution, and reconnects by itself.
 *
 * Story     It resolves, connects and authenticates; after a loss or a failure it starts over, for ever, with
 *           full-jitter backoff from 50 ms to 1 s. Subscriptions are lost with the connection: the owner must subscribe
 *           again on each `up`.
 * Promise   Events come from the event loop, never from within a call, except from within listener_hear_more().
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
    struct bytes pattern; /* len 0: received through an exact subscription */
    struct bytes channel;
    struct bytes payload;
};

struct listener_events {
    void (*up)(void *arg);                                            /* connected; nothing is subscribed yet */
    void (*down)(void *arg, const char *why);                         /* lost after `up`: all subscriptions are void */
    void (*confirmed)(void *arg, bool is_pattern, struct bytes name); /* every message from here on is delivered */
    void (*message)(void *arg, const struct heard *heard);
};

/* `role` (a string literal) names the connection in Redis and in the log; `config` is borrowed for the listener's life.
 * Connects in the background. Free it with listener_free(). NULL: no memory. */
MUST_CHECK struct listener *listener_new(struct loop *loop, const struct redis_config *config, const char *role,
                                         const struct listener_events *events, void *arg);
void listener_free(struct listener *listener);
bool listener_is_up(const struct listener *listener);
/* Why it is not up; "" if it is up or has not failed yet. Borrowed until the next return to the loop. */
const char *listener_trouble(const struct listener *listener);

/* `name` is a raw Redis channel name or pattern. Does nothing unless the listener is up. */
void listener_subscribe(struct listener *listener, bool is_pattern, struct bytes name);
void listener_unsubscribe(struct listener *listener, bool is_pattern, struct bytes name);
/* Let those who count know that this process is not of the previous release (names_aware). Before it subscribes to control. */
void listener_subscribe_aware(struct listener *listener, const struct redis_config *config);
/* Read the socket once more without waiting for the loop, and deliver what has arrived. Not from within an event. */
void listener_hear_more(struct listener *listener);
/* Drop a connection that no longer receives anything, and reconnect; `down` comes later, from the loop. `why` is a
 * string literal. Does nothing unless the listener is up. */
void listener_restart(struct listener *listener, const char *why);

#endif
