/*
 * loop.h - the event loop of a process, with timers and with hooks at the end of each turn.
 *
 * Story     A turn: wait, handle everything that became ready, then run the turn hooks. Hooks write all that a turn
 *           produced for one browser in one go, and free what was marked for freeing.
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

/* NULL if the system has no event mechanism or no memory. */
MUST_CHECK struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* Run turns until loop_stop(); the turn that calls it is completed. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Run fn at the end of every turn, in the order of registration, for as long as the loop lives. */
void loop_on_turn_end(struct loop *loop, loop_fn fn, void *arg);
/* Do not wait for events in the next turn: a hook has work left. */
void loop_again(struct loop *loop);

/* Call fn from the loop each time that the signal is received. */
void loop_on_signal(struct loop *loop, int signal, loop_signal_fn fn, void *arg);

/* For the adapters that attach libwebsockets, hiredis and evdns to this loop. Borrowed. */
struct event_base *loop_base(struct loop *loop);

/* A one-shot timer, accurate to about 5 ms either way; starting a running timer restarts it. It may be freed within its
 * own callback. NULL: no memory. */
MUST_CHECK struct timer *timer_new(struct loop *loop, loop_fn fn, void *arg);
void timer_start(struct timer *timer, uint64_t after_ms);
void timer_stop(struct timer *timer);
void timer_free(struct timer *timer);

/* Call fn whenever the descriptor is readable, between a start and a stop. The caller keeps owning the descriptor. If
 * other processes have it open too, do not close it before the turn after the stop: libevent removes it from epoll only
 * when that turn begins. NULL: no memory. */
MUST_CHECK struct watch *watch_new(struct loop *loop, int fd, loop_fn fn, void *arg);
void watch_start(struct watch *watch);
void watch_stop(struct watch *watch);
void watch_free(struct watch *watch);

#endif
