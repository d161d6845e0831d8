/*
 * loop.h - the one event loop of a process, with timers and an end to each turn.
 *
 * Story     A turn: wait, handle all that became ready, then run the turn hooks. Whatever a turn brought for one
 *           browser is written by a hook, in one go; whatever was marked for freeing is freed by a hook.
 * Lives     Everything made from a loop is freed before the loop.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct loop;
struct timer;
struct watch;

typedef void (*loop_fn)(void *arg);
typedef void (*loop_signal_fn)(int signal, void *arg);

/* NULL where the system gives no event mechanism or memory. */
MUST_CHECK struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* Turn until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Run fn at the end of every turn, in the order of registration, for as long as the loop lives. */
void loop_on_turn_end(struct loop *loop, loop_fn fn, void *arg);
/* The next turn shall not wait: a hook has work left. */
void loop_again(struct loop *loop);

/* Call fn from the loop when the signal comes. Once per signal. */
void loop_on_signal(struct loop *loop, int signal, loop_signal_fn fn, void *arg);

/* For the adapters that put libwebsockets, hiredis and evdns on this loop. Borrowed. */
struct event_base *loop_base(struct loop *loop);

/* A one-shot timer, right to some 5 ms either way; starting a running one moves it. It may be freed from within its own
 * callback. NULL where memory is out. */
MUST_CHECK struct timer *timer_new(struct loop *loop, loop_fn fn, void *arg);
void timer_start(struct timer *timer, uint64_t after_ms);
void timer_stop(struct timer *timer);
void timer_free(struct timer *timer);

/* Call fn whenever the descriptor can be read from, between a start and a stop. The descriptor stays the caller's; where
 * other processes hold it, too, it is to be closed a turn after the stop. NULL where memory is out. */
MUST_CHECK struct watch *watch_new(struct loop *loop, int fd, loop_fn fn, void *arg);
void watch_start(struct watch *watch);
void watch_stop(struct watch *watch);
void watch_free(struct watch *watch);

#endif
