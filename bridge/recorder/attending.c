/*
 * attending.c - attend (lua/recorder.lua) decides from what Redis itself knows: which nodes are still subscribed, and
 * what is recorded.
 *
 * The answer is for the node as it was when the call was sent, so the ticket holds that node's serial and generation.
 */
#include "attending.h"

#include "base/log.h"
#include "node.h"
#include "redis/caller.h"

#include <string.h>

#define PATIENCE 4      /* leases for which a third node keeps its place, in case the two before it are dead */
#define SETTLED_TICKS 4 /* a node that holds or waits attends once per this many ticks */

static void attending_tell(struct attending *attending, struct reply reply)
{
    if (reply.status == REPLY_ERROR)
        complaint_hear(&attending->complaint, "attend_failed", reply.text);
    else if (reply.status == REPLY_OK)
        complaint_end(&attending->complaint);
}

static void attending_on_answer(void *arg, uint64_t ticket, struct reply reply, struct attend_reply answer)
{
    struct attending *attending = arg;
    struct node *node = attending->node;
    if (ticket >> 32 != node->serial || node->state == NODE_AWAY)
        return;
    bool is_stale = (uint32_t)ticket != (uint32_t)node->generation;
    attending->is_owed = false;
    attending_tell(attending, reply);
    if (reply.status != REPLY_OK)
        return;
    pulse_answered(&attending->pulse);
    attending->is_one_too_many = answer.role == ROLE_WAITING && node->state != NODE_WAITING;
    if (!is_stale)
        node_obey(node, &answer);
    if (is_stale || attending->is_wanted_again)
        attending_now(attending);
}

void attending_now(struct attending *attending)
{
    struct node *node = attending->node;
    if (node->state == NODE_AWAY || node->has_left || !caller_is_up(attending->caller))
        return;
    attending->is_wanted_again = attending->is_owed;
    if (attending->is_owed)
        return;
    struct attendance attendance = node_attendance(node);
    attendance.lease_ms = attending->lease_ms - attending->lease_ms / 6; /* the standby checks only once per tick */
    attending->is_owed = true;
    pulse_sent(&attending->pulse);
    caller_attend(attending->caller, &attendance, attending_on_answer, attending,
                  node->serial << 32 | (uint32_t)node->generation);
}

void attending_begin(struct attending *attending)
{
    attending->is_owed = attending->is_wanted_again = attending->is_one_too_many = false;
    attending->waiting_ticks = 0;
    pulse_begin(&attending->pulse);
}

void attending_soon(struct attending *attending)
{
    attending->ticks = SETTLED_TICKS - 1;
}

void attending_hear(struct attending *attending, bool is_own)
{
    pulse_heard(&attending->pulse, is_own);
}

const char *attending_tick(struct attending *attending)
{
    struct node *node = attending->node;
    if (pulse_is_deaf(&attending->pulse))
        return "the recorder does not hear itself";
    attending->waiting_ticks = attending->is_one_too_many ? attending->waiting_ticks + 1 : 0;
    if (attending->waiting_ticks * attending->tick_ms > PATIENCE * attending->lease_ms)
        return "two other nodes hold the seat and stand by";
    node_ask_again(node, SETTLED_TICKS * attending->tick_ms);
    bool is_settled = node->state == NODE_HOLDING || node->state == NODE_WAITING;
    if (!is_settled || ++attending->ticks % SETTLED_TICKS == 0)
        attending_now(attending);
    return NULL;
}
