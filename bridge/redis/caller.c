/*
 * caller.c - keeps the requests in the order in which they were sent, until hiredis delivers their answers.
 *
 * A request that is made while the link is down is answered REPLY_DOWN from the loop, too, so that no callback runs
 * within the call that it belongs to.
 *
 * hiredis restarts its timeout with everything that is sent, so a connection that hangs would never time out while more
 * requests are sent on it. Here the age of the oldest unanswered request decides.
 */
#include "redis/caller.h"

#include "base/clock.h"
#include "base/loop.h"
#include "link.h"
#include "redis/config.h"
#include "request.h"

#include <hiredis/async.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

TAILQ_HEAD(request_list, request);

struct caller {
    struct link *link;
    const struct redis_config *config;
    struct caller_events events;
    void *arg;
    struct request_list sent;   /* oldest first */
    struct request_list unsent; /* made while there was no connection */
    struct timer *timer;        /* answers the unsent requests */
    struct timer *deadline;     /* runs while a sent request is unanswered */
    bool is_freeing;
};

static struct reply caller_is_away(void)
{
    return (struct reply){REPLY_DOWN, "Redis is away"};
}

/* --- answering ---------------------------------------------------------------------------------------------------- */

static void caller_answer(struct request *request, struct reply reply, const redisReply *raw)
{
    struct caller *caller = request->caller;
    TAILQ_REMOVE(request->sent_ms ? &caller->sent : &caller->unsent, request, next);
    request_answer(request, reply, raw);
}

/* Errors that only a new connection can mend, and why; NULL: it is none of them. After FUNCTION FLUSH the greeting loads
 * the library again. After a failover behind a stable address, that address is resolved again, and leads to the new
 * primary; the old one may keep its connections for ever. */
static const char *caller_doom(const char *error)
{
    if (strstr(error, "Function not found"))
        return "the Lua function library is gone from Redis";
    return strstr(error, "READONLY") ? CALLER_READONLY : NULL;
}

static void caller_on_reply(redisAsyncContext *context, void *raw, void *arg)
{
    struct request *request = arg;
    struct caller *caller = request->caller;
    const redisReply *reply = raw;
    (void)context;
    if (!reply) {
        caller_answer(request, caller_is_away(), NULL);
    } else if (reply->type == REDIS_REPLY_ERROR) {
        const char *doom = caller_doom(reply->str);
        caller_answer(request, (struct reply){REPLY_ERROR, reply->str}, NULL);
        if (doom && !caller->is_freeing)
            link_restart(caller->link, doom);
    } else {
        caller_answer(request, (struct reply){REPLY_OK, ""}, reply);
    }
}

static void caller_answer_unsent(void *arg)
{
    struct caller *caller = arg;
    struct request *last = TAILQ_LAST(&caller->unsent, request_list), *request;
    bool is_last = !last;
    while (!is_last) { /* not the requests that callbacks add meanwhile */
        request = TAILQ_FIRST(&caller->unsent);
        is_last = request == last;
        caller_answer(request, caller_is_away(), NULL);
    }
}

static void caller_on_deadline(void *arg)
{
    struct caller *caller = arg;
    const struct request *oldest = TAILQ_FIRST(&caller->sent);
    if (!oldest)
        return;
    uint64_t age = clock_now_ms() - oldest->sent_ms;
    if (age < caller->config->deadline_ms)
        timer_start(caller->deadline, caller->config->deadline_ms - age);
    else
        link_restart(caller->link, "no answer within the deadline");
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

const struct redis_config *caller_config(const struct caller *caller)
{
    return caller->config;
}

void caller_take(struct caller *caller, struct request *request, int argc, const char **argv, const size_t *lens)
{
    redisAsyncContext *context = link_context(caller->link);
    if (context && redisAsyncCommandArgv(context, caller_on_reply, request, argc, argv, lens) == REDIS_OK) {
        if (TAILQ_EMPTY(&caller->sent))
            timer_start(caller->deadline, caller->config->deadline_ms);
        request->sent_ms = clock_now_ms();
        TAILQ_INSERT_TAIL(&caller->sent, request, next);
        return;
    }
    TAILQ_INSERT_TAIL(&caller->unsent, request, next);
    timer_start(caller->timer, 0);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void caller_up(void *arg)
{
    struct caller *caller = arg;
    caller->events.up(caller->arg);
}

static void caller_down(void *arg, const char *why)
{
    struct caller *caller = arg;
    caller->events.down(caller->arg, why);
}

bool caller_is_up(const struct caller *caller)
{
    return link_context(caller->link);
}

void caller_restart(struct caller *caller, const char *why)
{
    link_restart(caller->link, why);
}

const char *caller_trouble(const struct caller *caller)
{
    return link_trouble(caller->link);
}

struct caller *caller_new(struct loop *loop, const struct redis_config *config, const char *role,
                          const struct caller_events *events, void *arg)
{
    static const struct link_events link_events = {caller_up, caller_down};
    struct caller *caller = calloc(1, sizeof *caller);
    if (!caller)
        return NULL;
    caller->config = config;
    caller->events = *events;
    caller->arg = arg;
    TAILQ_INIT(&caller->sent);
    TAILQ_INIT(&caller->unsent);
    caller->timer = timer_new(loop, caller_answer_unsent, caller);
    caller->deadline = timer_new(loop, caller_on_deadline, caller);
    caller->link = caller->timer && caller->deadline ? link_new(loop, config, role, true, &link_events, caller) : NULL;
    if (!caller->link) {
        timer_free(caller->timer);
        timer_free(caller->deadline);
        free(caller);
        return NULL;
    }
    return caller;
}

void caller_free(struct caller *caller)
{
    if (!caller)
        return;
    caller->is_freeing = true;
    link_free(caller->link);
    caller_answer_unsent(caller);
    timer_free(caller->timer);
    timer_free(caller->deadline);
    free(caller);
}
