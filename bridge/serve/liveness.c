/*
 * liveness.c - compares three points in time.
 */
#include "liveness.h"

#define GRACE_MS 10000 /* on top of two heartbeats */

void liveness_init(struct liveness *liveness, uint64_t now_ms)
{
    *liveness = (struct liveness){.heard_ms = now_ms, .asked_ms = now_ms};
}

void liveness_ask(struct liveness *liveness, uint64_t now_ms)
{
    liveness->asked_ms = now_ms;
}

void liveness_hear_message(struct liveness *liveness, uint64_t now_ms)
{
    liveness->heard_ms = now_ms;
    if (liveness->script_ms != 0)
        liveness->script_ms = now_ms;
}

void liveness_hear_script(struct liveness *liveness)
{
    liveness->script_ms = liveness->heard_ms;
}

void liveness_hear_browser(struct liveness *liveness, uint64_t now_ms)
{
    liveness->heard_ms = now_ms;
}

uint64_t liveness_last_ms(const struct liveness *liveness)
{
    return liveness->heard_ms > liveness->asked_ms ? liveness->heard_ms : liveness->asked_ms;
}

bool liveness_wants_script(const struct liveness *liveness, uint64_t now_ms, uint64_t heartbeat_ms)
{
    return liveness->script_ms != 0 && now_ms - liveness->script_ms >= heartbeat_ms &&
           now_ms - liveness->asked_ms >= heartbeat_ms;
}

bool liveness_is_over(const struct liveness *liveness, uint64_t now_ms, uint64_t heartbeat_ms)
{
    uint64_t limit_ms = 2 * heartbeat_ms + GRACE_MS;
    return now_ms - liveness->heard_ms > limit_ms ||
           (liveness->script_ms != 0 && now_ms - liveness->script_ms > limit_ms);
}
