/*
 * loop.c - libevent, one turn at a time.
 *
 *     loop_run:   wait for events ──► their callbacks ──► turn hooks, in order ──► again, until loop_stop()
 *
 * Each turn is one event_base_loop(EVLOOP_ONCE), so that the hooks run after all callbacks of one wake-up. There are no
 * locks, because there is one thread. The epoll change list is on: changes reach the kernel when the next turn begins.
 */
#include "base/loop.h"

#include "base/check.h"

#include "base/log.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#define HOOKS_MAX 16
#define SIGNALS_MAX 8
#define DRAIN_TURNS 8

struct hook {
    loop_fn fn;
    void *arg;
};

struct signal_watch {
    struct event *event;
    loop_signal_fn fn;
    void *arg;
};

struct loop {
    struct event_base *base;
    bool is_stopping;
    bool is_again; /* the next turn does not wait */
    unsigned hook_count, watch_count;
    struct hook hooks[HOOKS_MAX];
    struct signal_watch watches[SIGNALS_MAX];
};

struct timer {
    struct event *event;
    loop_fn fn;
    void *arg;
};

struct watch {
    struct event *event;
    loop_fn fn;
    void *arg;
};

static void loop_on_libevent_log(int severity, const char *message)
{
    log_line(severity >= EVENT_LOG_WARN ? LOG_WARN : LOG_DEBUG, "libevent", "text=\"%s\"",
             LOG_TEXT(message, strlen(message)));
}

struct loop *loop_new(void)
{
    struct loop *loop = calloc(1, sizeof *loop);
    struct event_config *config = event_config_new();
    event_set_log_callback(loop_on_libevent_log);
    if (loop && config) {
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        /* hiredis deletes and adds its event again at each read; without this, that is two system calls each time. */
        event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
        loop->base = event_base_new_with_config(config);
    }
    if (config)
        event_config_free(config);
    if (!loop || !loop->base) {
        free(loop);
        return NULL;
    }
    return loop;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    for (unsigned i = 0; i < loop->watch_count; i++)
        event_free(loop->watches[i].event);
    /* A cancelled name lookup is freed by a deferred callback of libevent's: let it run. Everything else has been freed
     * by now. */
    for (unsigned turn = 0; turn < DRAIN_TURNS; turn++)
        event_base_loop(loop->base, EVLOOP_NONBLOCK);
    event_base_free(loop->base);
    free(loop);
}

static void loop_run_hooks(struct loop *loop)
{
    for (unsigned i = 0; i < loop->hook_count; i++)
        loop->hooks[i].fn(loop->hooks[i].arg);
}

void loop_run(struct loop *loop)
{
    loop->is_stopping = false;
    do {
        /* Without EVLOOP_ONCE, EVLOOP_NONBLOCK continues for as long as anything is ready: with one busy socket, no
         * hook would ever run. */
        int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY | (loop->is_again ? EVLOOP_NONBLOCK : 0);
        loop->is_again = false;
        CHECK(event_base_loop(loop->base, flags) >= 0);
        loop_run_hooks(loop);
    } while (!loop->is_stopping);
}

void loop_stop(struct loop *loop)
{
    loop->is_stopping = true;
}

void loop_on_turn_end(struct loop *loop, loop_fn fn, void *arg)
{
    CHECK(loop->hook_count < HOOKS_MAX);
    loop->hooks[loop->hook_count++] = (struct hook){fn, arg};
}

void loop_again(struct loop *loop)
{
    loop->is_again = true;
}

/* --- signals ------------------------------------------------------------------------------------------------------ */

static void loop_hear_signal(evutil_socket_t signal, short what, void *arg)
{
    struct signal_watch *watch = arg;
    (void)what;
    watch->fn((int)signal, watch->arg);
}

void loop_on_signal(struct loop *loop, int signal, loop_signal_fn fn, void *arg)
{
    CHECK(loop->watch_count < SIGNALS_MAX);
    struct signal_watch *watch = &loop->watches[loop->watch_count++];
    *watch = (struct signal_watch){evsignal_new(loop->base, signal, loop_hear_signal, watch), fn, arg};
    CHECK(watch->event && event_add(watch->event, NULL) == 0);
}

struct event_base *loop_base(struct loop *loop)
{
    return loop->base;
}

/* --- timers ------------------------------------------------------------------------------------------------------- */

static void loop_on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct timer *timer = arg;
    (void)fd;
    (void)what;
    timer->fn(timer->arg); /* which may free the timer */
}

struct timer *timer_new(struct loop *loop, loop_fn fn, void *arg)
{
    struct timer *timer = malloc(sizeof *timer);
    if (!timer)
        return NULL;
    *timer = (struct timer){evtimer_new(loop->base, loop_on_timer, timer), fn, arg};
    if (!timer->event) {
        free(timer);
        return NULL;
    }
    return timer;
}

void timer_start(struct timer *timer, uint64_t after_ms)
{
    const uint64_t longest_ms = 1000ull * 86400 * 365;
    if (after_ms > longest_ms)
        after_ms = longest_ms;
    struct timeval after = {.tv_sec = (time_t)(after_ms / 1000), .tv_usec = (suseconds_t)(after_ms % 1000 * 1000)};
    CHECK(evtimer_add(timer->event, &after) == 0);
}

void timer_stop(struct timer *timer)
{
    evtimer_del(timer->event);
}

void timer_free(struct timer *timer)
{
    if (!timer)
        return;
    event_free(timer->event);
    free(timer);
}

/* --- descriptors -------------------------------------------------------------------------------------------------- */

static void loop_on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct watch *watch = arg;
    (void)fd;
    (void)what;
    watch->fn(watch->arg);
}

struct watch *watch_new(struct loop *loop, int fd, loop_fn fn, void *arg)
{
    struct watch *watch = malloc(sizeof *watch);
    if (!watch)
        return NULL;
    *watch = (struct watch){event_new(loop->base, fd, EV_READ | EV_PERSIST, loop_on_readable, watch), fn, arg};
    if (!watch->event) {
        free(watch);
        return NULL;
    }
    return watch;
}

void watch_start(struct watch *watch)
{
    CHECK(event_add(watch->event, NULL) == 0);
}

void watch_stop(struct watch *watch)
{
    event_del(watch->event);
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    event_free(watch->event);
    free(watch);
}
