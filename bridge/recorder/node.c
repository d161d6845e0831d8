/*
 * node.c - the states of a node, in a straight line. Whenever anything is wrong with its place, it drops the
 * connection, and the next connection is a new node with a new name:
 *
 *         control confirmed,
 *           node_start         role: standby        own `sync`          own `place`        role: holder
 *   ┌──────┐        ┌─────────┐            ┌──────────┐         ┌─────────┐         ┌────────┐         ┌─────────┐
 *   │ AWAY │ ─────► │ WAITING │ ─────────► │ ENTERING │ ──────► │ JOINING │ ──────► │ SYNCED │ ──────► │ HOLDING │
 *   └──────┘        └─────────┘            └──────────┘ ◄────── └─────────┘         └────────┘ ◄────── └─────────┘
 *       ▲ node_lose, directly or after node_restart  another's `era`,  │  own `era`           role: not holder ▲
 *       └─────────────────────────────────────────────── role: anew    └───────────────────────────────────────┘
 *
 * Roles are answers of attend (node_obey), the words in backquotes are messages on control (node_hear). Invariants:
 *
 * AWAY      nothing is queued, or it is numbered and being sent
 * WAITING   nothing is queued or numbered
 * ENTERING  nothing is numbered, and nothing is queued before all subscriptions are confirmed
 * JOINING   nothing is numbered; the queue is at least as long as it was at the node's place
 * SYNCED    the queue is numbered, and not sent
 * HOLDING   the queue is numbered, and sent
 */
#include "node.h"

#include "base/clock.h"
#include "base/log.h"
#include "recorder/config.h"
#include "redis/caller.h"
#include "redis/control.h"
#include "redis/listener.h"
#include "scribe.h"

#include <inttypes.h>
#include <string.h>

/* From now on, until the connection is lost, it has every message that is not recorded yet. */
static void node_say_synced(const struct node *node)
{
    char synced[NAMES_MAX];
    listener_subscribe(node->listener, false, names_synced(node->config->redis, synced));
}

/* The only writer of state. */
static void node_enter(struct node *node, enum node_state state, const char *why)
{
    static const char *const names[] = {"AWAY", "WAITING", "ENTERING", "JOINING", "SYNCED", "HOLDING"};
    if (node->state == state)
        return;
    log_info("recorder", "%s -> %s node=%s era=%" PRIu64 " queued=%" PRIu64 " why=\"%s\"", names[node->state],
             names[state], node->name, scribe_era(node->scribe), scribe_length(node->scribe), why);
    if (!node_is_numbering(node) && (state == NODE_SYNCED || state == NODE_HOLDING))
        node_say_synced(node);
    node->state = state;
    node->generation++;
    node->had_place |= state == NODE_HOLDING;
    node->events.entered(node->arg, state);
}

static void node_on_done(void *arg, uint64_t ticket, struct reply reply)
{
    (void)arg, (void)ticket, (void)reply; /* the effect arrives on control, or the node that needs it syncs again */
}

static void node_sync(struct node *node)
{
    if (!caller_is_up(node->caller))
        return;
    node->place.asked_ms = clock_now_ms();
    caller_sync(node->caller, node->name, ++node->place.nonce, node->filter_hash, node_on_done, node, 0);
}

/* Subscribe to everything; the queue begins with the last confirmation. */
static void node_listen(struct node *node)
{
    const struct glob_list *channels = node->config->channels;
    node->unconfirmed = channels->count + 2;
    for (unsigned i = 0; i < channels->count; i++)
        listener_subscribe(node->listener, true, bytes_of(channels->globs[i]));
    listener_subscribe(node->listener, true, bytes_of(node->live));
    listener_subscribe(node->listener, true, bytes_of(node->spaced_live));
}

/* Begin an empty queue here. `last`: the last recorded ordinal of `era`, here or somewhat earlier. */
static void node_begin_queue(struct node *node, uint64_t era, uint64_t last)
{
    scribe_begin(node->scribe);
    node->place.is_begin_known = true;
    node->place.era = era;
    node->place.last = last;
    node->generation++;
}

/* The same, but what was recorded by now is not known. */
static void node_begin_queue_anew(struct node *node)
{
    node_begin_queue(node, 0, 0);
    node->place.is_begin_known = false;
}

/* --- its connection ----------------------------------------------------------------------------------------------- */

void node_arrive(struct node *node)
{
    names_control(node->config->redis, node->control);
    names_all_live(node->config->redis, false, node->live);
    names_all_live(node->config->redis, true, node->spaced_live);
    random_token(node->name, sizeof node->name);
    names_node(node->config->redis, node->name, node->channel);
    node->serial++;
    node->place.nonce = node->heard = 0;
    node->falls_silent = node->is_silent = false;
    listener_subscribe_aware(node->listener, node->config->redis);
    listener_subscribe(node->listener, false, bytes_of(node->channel));
    listener_subscribe(node->listener, false, bytes_of(node->control));
}

void node_start(struct node *node)
{
    scribe_begin(node->scribe);
    node_enter(node, NODE_WAITING, "subscribed to control");
}

bool node_confirm(struct node *node)
{
    if (node->unconfirmed == 0 || --node->unconfirmed > 0)
        return false;
    node_begin_queue(node, node->place.era, node->place.last);
    node_sync(node);
    return true;
}

void node_confirm_own(struct node *node)
{
    node->is_silent = node->falls_silent;
}

static void node_on_handed_down(void *arg, uint64_t ticket, struct reply reply, enum leave_result result)
{
    (void)arg, (void)ticket, (void)reply, (void)result;
}

void node_lose(struct node *node, const char *why)
{
    node->unconfirmed = 0;
    if (node->state == NODE_AWAY) /* the previous node's queue is still being recorded */
        return;
    if (node_is_numbering(node)) {
        node->places_lost++;
        scribe_send(node->scribe, true);
    } else {
        scribe_begin(node->scribe);
    }
    if (caller_is_up(node->caller))
        caller_leave(node->caller, node->name, true, node_on_handed_down, node, 0);
    node_enter(node, NODE_AWAY, why);
}

void node_restart(struct node *node, const char *why)
{
    if (node->state != NODE_AWAY)
        listener_restart(node->listener, why);
}

/* --- messages on control ------------------------------------------------------------------------------------------ */

static void node_hear_own_sync(struct node *node, const struct control_word *sync)
{
    struct place *place = &node->place;
    if (sync->nonce != place->nonce)
        return;
    if (node->state == NODE_ENTERING) {
        if (!place->is_begin_known || sync->era != place->era || sync->ordinal != place->last)
            node_begin_queue(node, sync->era, sync->ordinal); /* something in the queue may have been recorded */
        node_enter(node, NODE_JOINING, "its place is known");
    }
    if (node->state == NODE_JOINING) {
        place->length = scribe_length(node->scribe);
        node->events.changed(node->arg);
    }
}

static void node_answer_sync(struct node *node, const struct control_word *sync)
{
    if (node_is_numbering(node) && !node->falls_silent && sync->filter_hash == node->filter_hash)
        caller_place(node->caller, scribe_era(node->scribe), sync->node, sync->nonce, scribe_newest(node->scribe),
                     node_on_done, node, 0);
}

static void node_hear_own_place(struct node *node, const struct control_word *place)
{
    if (node->state != NODE_JOINING || place->nonce != node->place.nonce)
        return;
    scribe_number(node->scribe, place->era, (int64_t)(place->ordinal + 1) - (int64_t)node->place.length);
    if (node->announced.era == place->era) /* while it was joining */
        scribe_drop(node->scribe, node->announced.ordinal);
    node_enter(node, NODE_SYNCED, "received the ordinal of its place");
    node->events.changed(node->arg);
}

static void node_hear_own_era(struct node *node, const struct control_word *era)
{
    if (node->state != NODE_JOINING && !node_is_numbering(node)) {
        node_restart(node, "it opened an era, but has no place any more");
        return;
    }
    node->eras++;
    node->generation++;
    scribe_number(node->scribe, era->era, 1);
    if (era->silent_ms) /* 0: the first era ever */
        log_warn("recorder_era",
                 "era=%" PRIu64 " kept=%" PRIu64 " silent_ms=%" PRIu64
                 " hint=\"no recorder was left to continue from; plain messages that none received are lost\"",
                 era->era, scribe_length(node->scribe), era->silent_ms);
    node_enter(node, NODE_HOLDING, "it opened a new era");
    scribe_send(node->scribe, true);
}

static void node_hear_others_era(struct node *node, const struct control_word *era)
{
    if (node->state == NODE_JOINING) {
        node_begin_queue(node, era->era, 0);
        node_enter(node, NODE_ENTERING, "another node opened an era");
        node_sync(node);
    } else if (node->state == NODE_ENTERING) {
        node->place.is_begin_known = false; /* the era may have been deleted again before its own `sync` */
    } else if (node_is_numbering(node)) {
        node_restart(node, "another node opened an era");
    }
}

void node_hear(struct node *node, const struct control_word *word)
{
    bool is_own = bytes_is(word->node, node->name);
    if (word->kind == CONTROL_SYNC && is_own)
        node_hear_own_sync(node, word);
    else if (word->kind == CONTROL_SYNC)
        node_answer_sync(node, word);
    else if (word->kind == CONTROL_PLACE && is_own)
        node_hear_own_place(node, word);
    else if (word->kind == CONTROL_ERA && is_own)
        node_hear_own_era(node, word);
    else if (word->kind == CONTROL_ERA)
        node_hear_others_era(node, word);
}

void node_hear_recorded(struct node *node, uint64_t era, uint64_t ordinal)
{
    node->announced.era = era;
    node->announced.ordinal = ordinal;
}

void node_hear_own(struct node *node, struct bytes payload)
{
    uint64_t number;
    if (!bytes_take(&payload, "heard ") || !bytes_number(payload, UINT64_MAX, &number))
        return;
    node->heard = number;
    node->events.changed(node->arg);
}

/* --- roles -------------------------------------------------------------------------------------------------------- */

static void node_yield(struct node *node)
{
    if (node->state != NODE_HOLDING)
        return;
    node_enter(node, NODE_SYNCED, "another node holds the seat");
    scribe_send(node->scribe, false);
}

static void node_stand_by(struct node *node, const struct attend_reply *attend)
{
    node_yield(node);
    if (node->state != NODE_WAITING)
        return;
    node->place.era = attend->era;
    node->place.last = attend->last;
    node_enter(node, NODE_ENTERING, "no other node stands by");
    node_listen(node);
}

static void node_enter_anew(struct node *node)
{
    if (node->state != NODE_JOINING)
        return;
    node_begin_queue_anew(node);
    node_enter(node, NODE_ENTERING, "something was recorded since its place");
    node_sync(node);
}

void node_obey(struct node *node, const struct attend_reply *attend)
{
    bool is_era = node_is_numbering(node) && attend->era == scribe_era(node->scribe);
    if (is_era)
        scribe_drop(node->scribe, attend->last);
    switch (attend->role) {
    case ROLE_HOLDER:
        if (!is_era) /* `era` is on its way on control */
            return;
        node_enter(node, NODE_HOLDING, "the seat was free");
        scribe_send(node->scribe, true);
        return;
    case ROLE_STANDBY:
        node_stand_by(node, attend);
        node->had_place |= is_era && scribe_first(node->scribe) <= attend->last + 1;
        return;
    case ROLE_WAITING:
        node_yield(node);
        node->had_place = true;
        return;
    case ROLE_ANEW:
        node_enter_anew(node);
        return;
    case ROLE_GONE:
        node_restart(node, "its place is no longer valid");
        return;
    }
}

/* --- what it reports ---------------------------------------------------------------------------------------------- */

struct attendance node_attendance(const struct node *node)
{
    static const enum node_claim claims[] = {
        [NODE_WAITING] = CLAIM_WAITING, [NODE_ENTERING] = CLAIM_WAITING, [NODE_JOINING] = CLAIM_JOINING,
        [NODE_SYNCED] = CLAIM_SYNCED,   [NODE_HOLDING] = CLAIM_SYNCED,
    };
    bool is_joining = node->state == NODE_JOINING;
    return (struct attendance){
        .node = node->name,
        .filter_hash = node->filter_hash,
        .claim = claims[node->state],
        .era = is_joining ? node->place.era : scribe_era(node->scribe),
        .number = is_joining ? node->place.last : scribe_first(node->scribe),
        .heard = node->heard,
    };
}

void node_ask_again(struct node *node, uint64_t after_ms)
{
    bool wants_place = (node->state == NODE_ENTERING && node->unconfirmed == 0) || node->state == NODE_JOINING;
    if (wants_place && clock_now_ms() - node->place.asked_ms >= after_ms)
        node_sync(node);
}

void node_fall_silent(struct node *node)
{
    const struct glob_list *channels = node->config->channels;
    if (node->falls_silent)
        return;
    node->falls_silent = true;
    for (unsigned i = 0; i < channels->count; i++)
        listener_unsubscribe(node->listener, true, bytes_of(channels->globs[i]));
    listener_subscribe(node->listener, false, bytes_of(node->channel)); /* confirmed after all that was sent before */
}

void node_retire(struct node *node)
{
    node->has_left = true;
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

bool node_is_queueing(const struct node *node)
{
    return node->state != NODE_AWAY && node->state != NODE_WAITING && node->unconfirmed == 0;
}

bool node_is_sound(const struct node *node)
{
    bool is_empty = scribe_is_empty(node->scribe), is_numbered = scribe_era(node->scribe) != 0;
    bool sends = scribe_sends(node->scribe);
    switch (node->state) {
    case NODE_AWAY:
        return is_empty || (is_numbered && sends);
    case NODE_WAITING:
        return is_empty && !is_numbered;
    case NODE_ENTERING:
        return !is_numbered && (node->unconfirmed == 0 || is_empty);
    case NODE_JOINING:
        return !is_numbered && node->place.length <= scribe_length(node->scribe);
    case NODE_SYNCED:
        return is_numbered && !sends;
    case NODE_HOLDING:
        return is_numbered && sends;
    }
    return false;
}
