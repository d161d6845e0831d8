/*
 * parking.c - a list by age and a table by ticket. All requests may wait equally long, so the oldest expires first, and
 *             one timer is enough.
 */
#include "parking.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "http/request.h"

#include <stdlib.h>

static void parking_wind_up(struct parking *parking, uint64_t now_ms)
{
    const struct parked *oldest = TAILQ_FIRST(&parking->list);
    if (oldest)
        timer_start(parking->timer, oldest->until_ms > now_ms ? oldest->until_ms - now_ms : 0);
    else
        timer_stop(parking->timer);
}

static void parking_remove(struct parking *parking, struct parked *parked)
{
    TAILQ_REMOVE(&parking->list, parked, links);
    HASH_DEL(parking->by_ticket, parked);
    parking->count--;
}

static void parking_free(struct parked *parked)
{
    request_free(parked->request);
    free(parked);
}

/* Remove it first: when fn is called, the request is not parked any more. */
static void parking_answer(struct parking *parking, struct parked *parked, const struct access_answer *answer)
{
    parking_remove(parking, parked);
    parked->fn(parked->owner, parked->request, answer);
    parking_free(parked);
}

/* --- answers and timeouts ----------------------------------------------------------------------------------------- */

static void parking_on_answer(void *arg, uint64_t ticket, const struct access_answer *answer)
{
    struct parking *parking = arg;
    struct parked *parked;
    HASH_FIND(hh, parking->by_ticket, &ticket, sizeof ticket, parked);
    if (parked)
        parking_answer(parking, parked, answer);
    else
        log_debug("answer_to_nobody", "ticket=%llu", (unsigned long long)ticket);
}

static void parking_refuse(struct parking *parking, struct parked *parked, enum problem_id why)
{
    const struct access_answer answer = {.refusal = refusal_of(why)};
    parking_answer(parking, parked, &answer);
}

static void parking_on_time(void *arg)
{
    struct parking *parking = arg;
    uint64_t now_ms = clock_now_ms();
    unsigned unanswered = 0;
    struct parked *oldest;
    while ((oldest = TAILQ_FIRST(&parking->list)) && oldest->until_ms <= now_ms) {
        parking_refuse(parking, oldest, PROBLEM_UNANSWERED);
        unanswered++;
    }
    if (unanswered > 0)
        log_warn("access_unanswered", "requests=%u ms=%u hint=\"their access check took too long; they may try again\"",
                 unanswered, PARKING_MS);
    parking_wind_up(parking, now_ms);
}

void parking_close(struct parking *parking)
{
    parking->is_closed = true;
    while (!TAILQ_EMPTY(&parking->list))
        parking_refuse(parking, TAILQ_FIRST(&parking->list), PROBLEM_LEAVING);
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

bool parking_ask(struct parking *parking, struct access_answer *answer, uint64_t *ticket)
{
    const struct access_asker asker = {.fn = parking_on_answer, .arg = parking, .ticket = ++parking->last_ticket};
    *ticket = asker.ticket;
    if (parking->access->ops->check(parking->access, &asker, answer))
        return true;
    *answer = (struct access_answer){.refusal = refusal_of(parking->is_closed ? PROBLEM_LEAVING : PROBLEM_NO_ROOM)};
    return parking->is_closed || parking->count >= parking->most;
}

struct parked *parking_park(struct parking *parking, uint64_t ticket, const struct request *request, parking_fn fn,
                            void *owner)
{
    uint64_t now_ms = clock_now_ms();
    struct parked *parked = calloc(1, sizeof *parked);
    if (!parked)
        return NULL;
    *parked = (struct parked){.ticket = ticket, .until_ms = now_ms + PARKING_MS, .fn = fn, .owner = owner};
    parked->request = request_copy(request);
    if (parked->request)
        HASH_ADD(hh, parking->by_ticket, ticket, sizeof parked->ticket, parked);
    if (!parked->hh.tbl) {
        parking_free(parked);
        return NULL;
    }
    TAILQ_INSERT_TAIL(&parking->list, parked, links);
    if (parking->count++ == 0)
        parking_wind_up(parking, now_ms);
    return parked;
}

void parking_forget(struct parking *parking, struct parked *parked)
{
    if (!parked)
        return;
    parking_remove(parking, parked);
    parking_free(parked);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

bool parking_init(struct parking *parking, struct loop *loop, const struct access *access, unsigned most)
{
    *parking = (struct parking){.access = access, .most = most, .timer = timer_new(loop, parking_on_time, parking)};
    TAILQ_INIT(&parking->list);
    return parking->timer;
}

void parking_fini(struct parking *parking)
{
    CHECK(TAILQ_EMPTY(&parking->list));
    timer_free(parking->timer);
    parking->timer = NULL;
}
