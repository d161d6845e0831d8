/*
 * leaving.c - a node that has numbered messages leaves at once if there is another member, as that has all unrecorded
 * messages. If another node is about to become a member, it waits for that; if none is, it unsubscribes, so that Redis tells
 * publishers that nobody receives their messages, and waits until everything that it had received is recorded.
 * An AWAY node waits for its queue only. All waits end after RECORDER_LEAVE_MS. Any other node leaves at once.
 */
#include "leaving.h"

#include "base/clock.h"
#include "base/loop.h"
#include "node.h"
#include "recorder/config.h"
#include "redis/caller.h"
#include "scribe.h"

#define RETRY_MS 50
#define SILENCE_MS 10 /* until Redis has probably confirmed that the node is not subscribed any more */
#define ANSWER_MS 100 /* how much longer a forced leave is tried */

static void leaving_end(struct leaving *leaving)
{
    void (*left)(void *) = leaving->left;
    timer_stop(leaving->timer);
    node_retire(leaving->node);
    leaving->left = NULL;
    if (left)
        left(leaving->arg);
}

static void leaving_on_answer(void *arg, uint64_t serial, struct reply reply, enum leave_result result)
{
    struct leaving *leaving = arg;
    struct node *node = leaving->node;
    bool is_told = serial == node->serial && reply.status == REPLY_OK;
    if (is_told && result == LEAVE_LEFT) {
        leaving_end(leaving);
    } else if (is_told && node->is_silent && scribe_is_empty(leaving->scribe)) {
        caller_leave(leaving->caller, node->name, true, leaving_on_answer, leaving, serial);
    } else if (is_told && result == LEAVE_ALONE) {
        node_fall_silent(node);
        timer_start(leaving->timer, SILENCE_MS);
    } else {
        timer_start(leaving->timer, RETRY_MS);
    }
}

/* There is nothing to give up, or Redis can't be reached: only wait for the queue. */
static void leaving_try_alone(struct leaving *leaving, bool is_late)
{
    if (is_late || scribe_is_empty(leaving->scribe))
        leaving_end(leaving);
    else
        timer_start(leaving->timer, RETRY_MS);
}

void leaving_try(void *arg)
{
    struct leaving *leaving = arg;
    struct node *node = leaving->node;
    uint64_t now = clock_now_ms();
    bool is_late = now >= leaving->by_ms;
    if (now >= leaving->by_ms + ANSWER_MS) {
        leaving_end(leaving);
    } else if (node->state == NODE_AWAY || !caller_is_up(leaving->caller)) {
        leaving_try_alone(leaving, is_late);
    } else {
        bool is_needed = node_is_numbering(node) && !is_late;
        caller_leave(leaving->caller, node->name, !is_needed, leaving_on_answer, leaving, node->serial);
    }
}

void leaving_begin(struct leaving *leaving, void (*left)(void *arg), void *arg)
{
    leaving->left = left;
    leaving->arg = arg;
    leaving->by_ms = clock_now_ms() + RECORDER_LEAVE_MS;
    timer_start(leaving->timer, 0);
}
