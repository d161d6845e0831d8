/*
 * eviction.c - a user that may not ask is not warned.
 */
#include "eviction.h"

#include "base/log.h"
#include "base/loop.h"
#include "redis/caller.h"
#include "redis/eviction.h"

#define ASK_MS 60000

static void eviction_on_answer(void *arg, uint64_t ticket, struct reply reply, bool evicts, struct bytes policy)
{
    struct eviction *eviction = arg;
    (void)ticket;
    if (reply.status != REPLY_OK)
        return;
    if (evicts && !eviction->is_warned)
        log_warn("redis_evicts",
                 "policy=%s why=\"Redis may delete history early, which browsers are told as a gap\" "
                 "do=\"set its maxmemory-policy to noeviction\"",
                 LOG_TEXT(policy.data, policy.len));
    eviction->is_warned = evicts;
}

static void eviction_ask(void *arg)
{
    struct eviction *eviction = arg;
    timer_start(eviction->timer, ASK_MS);
    if (caller_is_up(eviction->caller))
        caller_eviction(eviction->caller, eviction_on_answer, eviction, 0);
}

void eviction_on_caller_up(struct eviction *eviction)
{
    eviction_ask(eviction);
}

bool eviction_init(struct eviction *eviction, struct loop *loop, struct caller *caller)
{
    *eviction = (struct eviction){.caller = caller, .timer = timer_new(loop, eviction_ask, eviction)};
    return eviction->timer;
}

void eviction_fini(struct eviction *eviction)
{
    timer_free(eviction->timer);
}
