/*
 * recorder.c - plain PUBLISH, recorded exactly once.
 *
 * A plain PUBLISH has no id and no history, and every instance hears it. Everybody who listens hears the plain messages
 * in the same order, so within an *era* they can be numbered: 1, 2, 3 … The function that appends to the log takes only
 * the next number of the current era, so whoever sends a message, and however often, it is recorded once and in order.
 * The *seat*, a lease, only says who sends, so that the work is not done twice.
 *
 *   normal       PUBLISH m ──► holder hears m: 8        ──► record(era, 8, m): 8 = last + 1, appended, announced on live
 *                          └─► standby hears m: 8, keeps it until it hears that 8 is recorded
 *   holder dies  the standby takes the seat, is told last = 7 or 8, and sends 8 if need be, then 9 …
 *   it only      … hung: its late record(era, 8, m) is a duplicate, and nothing happens
 *   joining      j: sync(j) ──► control `sync j`: a place in everybody's order; who is synced answers with the ordinal
 *                that it had reached there, 41: `place j 41`, and the first message that j heard behind its place is 42
 *
 * A *node* is one pub/sub connection. Its life is a straight line; whenever anything is wrong with its place, the
 * connection is given up, and the next one is a new node, with a new name:
 *
 *           control confirmed     role: standby        own `sync`          own `place`        role: holder
 *   ┌──────┐        ┌─────────┐            ┌──────────┐         ┌─────────┐         ┌────────┐         ┌─────────┐
 *   │ AWAY │ ─────► │ WAITING │ ─────────► │ ENTERING │ ──────► │ JOINING │ ──────► │ SYNCED │ ──────► │ HOLDING │
 *   └──────┘        └─────────┘            └──────────┘ ◄────── └─────────┘         └────────┘ ◄────── └─────────┘
 *       ▲ listener lost, or given up: recorder_restart   another's `era`  │  own `era`           role: another  ▲
 *       └───────────────────────────────────────────────                  └─────────────────────────────────────┘
 *
 * AWAY      does not hear; what was heard and numbered before is still sent: its ordinals stay right
 * WAITING   hears control only; two others hold and stand by
 * ENTERING  subscribes to everything; from then on it queues what it hears, and asks for its place
 * JOINING   its place is known, and that nothing in the queue was recorded before; the ordinals are not
 * SYNCED    numbers what it hears; keeps what is not recorded
 * HOLDING   the same, and records it
 *
 * Every node attends regularly: it tells Redis what it knows, and is told what it is (attend in lua/recorder.lua decides, from
 * what Redis itself knows: who still is subscribed, what is recorded). Where no member is left, who is JOINING opens a new
 * era with all that it has queued, provided that nothing was recorded since its place. So what is lost of plain messages
 * is what no living node has heard.
 *
 * That nothing is recorded twice or out of order leans on no clock, nor on being told in time. All repeats are harmless: calls that were sent on a connection
 * that died may be executed late, and change nothing then, or nothing that is not said on control.
 * recorder_is_sound() says what is true in each state, and is asked at the end of each turn. tests/model holds a model of
 * this protocol, and the rules without which it breaks.
 */
#include "recorder/recorder.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "ear.h"
#include "inbox.h"
#include "pulse.h"
#include "redis/beat.h"
#include "redis/config.h"
#include "redis/control.h"
#include "redis/listener.h"
#include "redis/live.h"
#include "redis/names.h"
#include "redis/seat.h"
#include "scribe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICKS 12        /* of the attend timer, within a lease, ... */
#define TICK_MS_MAX 250 /* ... and no longer than this: others ask every second whether somebody records */
#define HOLDER_TICKS 4  /* who holds or waits attends only every so many ticks */
#define PATIENCE 4      /* leases for which it keeps its place where two others hold and stand by: they may be dead */
#define LEAVE_RETRY_MS 50
#define LEAVE_ANSWER_MS 100 /* so long the last word may take */

enum recorder_state {
    RECORDER_AWAY,
    RECORDER_WAITING,
    RECORDER_ENTERING,
    RECORDER_JOINING,
    RECORDER_SYNCED,
    RECORDER_HOLDING
};

struct recorder {
    struct recorder_config config;
    struct listener *listener;
    struct caller *caller;
    struct inbox *inbox;
    struct scribe *scribe;
    struct ear ear;
    uint64_t filter_hash;
    struct timer *attend_timer;
    uint64_t tick_ms;
    char control[NAMES_MAX], live[NAMES_LIVE_MAX];

    enum recorder_state state;
    char node[NAMES_TOKEN_MAX];
    char node_channel[NAMES_MAX];
    uint64_t node_serial;    /* how many nodes it was: answers to an earlier one are nothing to this one ... */
    uint64_t generation;     /* ... and those from before the newest change of its place are stale */
    bool is_confirmed;       /* AWAY: control is heard, but what the node before had queued is not recorded yet ... */
    unsigned leftover_ticks; /* ... for so long */
    unsigned unconfirmed;    /* ENTERING: subscriptions */
    uint64_t nonce;          /* of the newest sync */
    uint64_t sync_ms;        /* when it was asked for */
    bool is_begin_known;     /* ENTERING: what was recorded at a moment before its queue begins ... */
    uint64_t place_era, place_last; /* ... and, JOINING, at its place */
    uint64_t place_length;          /* JOINING: messages in the queue before the place of the newest sync */
    bool is_attending;              /* an answer is owed ... */
    bool attends_again;             /* ... and another is wanted */
    bool is_attend_failing;         /* and that was logged */
    bool is_one_too_many;           /* two others hold and stand by, as Redis sees it */
    unsigned ticks, waiting_ticks;  /* so long it was told that it is one too many */
    struct pulse pulse;

    bool has_left;
    uint64_t leave_by_ms;
    struct timer *leave_timer;
    void (*left)(void *arg);
    void *left_arg;

    struct position newest; /* of an entry that was announced: does Redis still have it? */
    char newest_channel[CHANNEL_LEN_MAX];
    size_t newest_channel_len;

    bool had_place;
    uint64_t refused, eras, places_lost;
};

static void recorder_attend(struct recorder *r);
static void recorder_start_node(struct recorder *r);

static bool recorder_is_numbering(const struct recorder *r)
{
    return r->state == RECORDER_SYNCED || r->state == RECORDER_HOLDING;
}

static void recorder_enter(struct recorder *r, enum recorder_state state, const char *why)
{
    static const char *const names[] = {"AWAY", "WAITING", "ENTERING", "JOINING", "SYNCED", "HOLDING"};
    if (r->state == state)
        return;
    log_info("recorder", "%s -> %s node=%s era=%" PRIu64 " queued=%" PRIu64 " why=\"%s\"", names[r->state],
             names[state], r->node, scribe_era(r->scribe), scribe_length(r->scribe), why);
    r->state = state;
    r->generation++;
    r->had_place |= state == RECORDER_HOLDING;
    inbox_serve(r->inbox, state == RECORDER_HOLDING);
}

/* The node's place is void: a new connection is a new node. */
static void recorder_restart(struct recorder *r, const char *why)
{
    if (r->state != RECORDER_AWAY)
        listener_restart(r->listener, why);
}

static void recorder_on_done(void *arg, uint64_t ticket, struct reply reply)
{
    (void)arg, (void)ticket, (void)reply; /* what it does is heard on control; what gets lost is asked for again */
}

/* --- the place ---------------------------------------------------------------------------------------------------- */

static void recorder_sync(struct recorder *r)
{
    if (!caller_is_up(r->caller))
        return;
    r->sync_ms = clock_now_ms();
    caller_sync(r->caller, r->node, ++r->nonce, r->filter_hash, recorder_on_done, r, 0);
}

/* Listen to everything; the queue begins with the last confirmation. */
static void recorder_listen(struct recorder *r)
{
    const struct glob_list *channels = r->config.channels;
    r->unconfirmed = channels->count + 1;
    for (unsigned i = 0; i < channels->count; i++)
        listener_subscribe(r->listener, true, bytes_of(channels->globs[i]));
    listener_subscribe(r->listener, true, bytes_of(r->live));
}

/* The queue is empty, and begins here. Nothing but what is recorded up to `last` of `era` is from before. */
static void recorder_begin(struct recorder *r, bool is_known, uint64_t era, uint64_t last)
{
    scribe_begin(r->scribe);
    r->is_begin_known = is_known;
    r->place_era = era;
    r->place_last = last;
    r->generation++;
}

static void recorder_hear_own_sync(struct recorder *r, uint64_t nonce, uint64_t era, uint64_t last)
{
    if (nonce != r->nonce)
        return;
    if (r->state == RECORDER_ENTERING) {
        if (!r->is_begin_known || era != r->place_era || last != r->place_last)
            recorder_begin(r, true, era, last); /* something that is queued may be recorded: begin with the place */
        recorder_enter(r, RECORDER_JOINING, "its place is known");
    }
    if (r->state == RECORDER_JOINING) {
        r->place_length = scribe_length(r->scribe);
        recorder_attend(r);
    }
}

static void recorder_hear_own_place(struct recorder *r, uint64_t nonce, uint64_t era, uint64_t ordinal)
{
    if (r->state != RECORDER_JOINING || nonce != r->nonce)
        return;
    scribe_number(r->scribe, era, (int64_t)(ordinal + 1) - (int64_t)r->place_length);
    recorder_enter(r, RECORDER_SYNCED, "told the ordinal of its place");
    recorder_attend(r);
}

static void recorder_hear_own_era(struct recorder *r, uint64_t era, uint64_t silent_ms)
{
    if (r->state != RECORDER_JOINING && !recorder_is_numbering(r)) {
        recorder_restart(r, "an era of its own without a place");
        return;
    }
    r->eras++;
    r->generation++;
    scribe_number(r->scribe, era, 1);
    if (silent_ms) /* else it is the first */
        log_warn("recorder_era",
                 "era=%" PRIu64 " kept=%" PRIu64 " silent_ms=%" PRIu64
                 " hint=\"nobody was left to go on from; plain messages that nobody heard are lost\"",
                 era, scribe_length(r->scribe), silent_ms);
    recorder_enter(r, RECORDER_HOLDING, "a new era");
    scribe_send(r->scribe, true);
}

static void recorder_hear_others_era(struct recorder *r, uint64_t era)
{
    if (r->state == RECORDER_JOINING) {
        recorder_begin(r, true, era, 0);
        recorder_enter(r, RECORDER_ENTERING, "another opened an era");
        recorder_sync(r);
    } else if (recorder_is_numbering(r))
        recorder_restart(r, "another opened an era");
}

/* --- attending ---------------------------------------------------------------------------------------------------- */

static void recorder_obey(struct recorder *r, const struct attend_reply *attend)
{
    bool is_era = recorder_is_numbering(r) && attend->era == scribe_era(r->scribe);
    if (is_era)
        scribe_drop(r->scribe, attend->last);
    switch (attend->role) {
    case ROLE_HOLDER:
        if (!is_era) /* the word `era` is on its way */
            return;
        recorder_enter(r, RECORDER_HOLDING, "the seat was free");
        scribe_send(r->scribe, true);
        return;
    case ROLE_STANDBY:
        if (r->state == RECORDER_HOLDING) {
            recorder_enter(r, RECORDER_SYNCED, "the seat is another's");
            scribe_send(r->scribe, false);
        } else if (r->state == RECORDER_WAITING) {
            r->place_era = attend->era;
            r->place_last = attend->last;
            recorder_enter(r, RECORDER_ENTERING, "nobody stands by");
            recorder_listen(r);
        }
        r->had_place |= is_era && scribe_first(r->scribe) <= attend->last + 1;
        return;
    case ROLE_WAITING:
        if (r->state == RECORDER_HOLDING) {
            recorder_enter(r, RECORDER_SYNCED, "the seat is another's");
            scribe_send(r->scribe, false);
        }
        r->had_place = true;
        return;
    case ROLE_ANEW:
        if (r->state != RECORDER_JOINING)
            return;
        recorder_begin(r, false, 0, 0);
        recorder_enter(r, RECORDER_ENTERING, "something was recorded since its place");
        recorder_sync(r);
        return;
    case ROLE_GONE:
        recorder_restart(r, "its place is void");
        return;
    }
}

static void recorder_tell_attend(struct recorder *r, struct reply reply)
{
    bool is_failing = reply.status == REPLY_ERROR;
    if (is_failing && !r->is_attend_failing)
        log_warn("attend_failed", "why=\"%s\"", LOG_TEXT(reply.text, strlen(reply.text)));
    r->is_attend_failing = is_failing;
}

static void recorder_on_attended(void *arg, uint64_t ticket, struct reply reply, struct attend_reply attend)
{
    struct recorder *r = arg;
    if (ticket >> 32 != r->node_serial || r->state == RECORDER_AWAY)
        return;
    bool is_stale = (uint32_t)ticket != (uint32_t)r->generation;
    r->is_attending = false;
    recorder_tell_attend(r, reply);
    if (reply.status != REPLY_OK)
        return;
    pulse_answered(&r->pulse);
    r->is_one_too_many = attend.role == ROLE_WAITING && r->state != RECORDER_WAITING;
    if (!is_stale)
        recorder_obey(r, &attend);
    if (is_stale || r->attends_again)
        recorder_attend(r);
}

static void recorder_attend(struct recorder *r)
{
    static const enum node_claim claims[] = {
        [RECORDER_WAITING] = CLAIM_WAITING, [RECORDER_ENTERING] = CLAIM_WAITING, [RECORDER_JOINING] = CLAIM_JOINING,
        [RECORDER_SYNCED] = CLAIM_SYNCED,   [RECORDER_HOLDING] = CLAIM_SYNCED,
    };
    if (r->state == RECORDER_AWAY || r->has_left || !caller_is_up(r->caller))
        return;
    r->attends_again = r->is_attending;
    if (r->is_attending)
        return;
    bool is_joining = r->state == RECORDER_JOINING;
    const struct attendance attendance = {
        .node = r->node,
        .lease_ms = r->config.lease_ms - r->config.lease_ms / 6, /* the standby looks only every tick */
        .filter_hash = r->filter_hash,
        .claim = claims[r->state],
        .era = is_joining ? r->place_era : scribe_era(r->scribe),
        .number = is_joining ? r->place_last : scribe_first(r->scribe),
    };
    r->is_attending = true;
    pulse_sent(&r->pulse);
    caller_attend(r->caller, &attendance, recorder_on_attended, r, r->node_serial << 32 | (uint32_t)r->generation);
}

/* What the node before had queued is let go. Where another node was synced, that one has it too. */
static void recorder_drop_leftover(struct recorder *r, const char *why)
{
    log_error("recorder_unconfirmed", "messages=%" PRIu64 " era=%" PRIu64 " why=\"%s\"", scribe_length(r->scribe),
              scribe_era(r->scribe), why);
    scribe_begin(r->scribe);
    recorder_start_node(r);
}

static void recorder_on_attend_timer(void *arg)
{
    struct recorder *r = arg;
    timer_start(r->attend_timer, r->tick_ms);
    if (r->state == RECORDER_AWAY && r->is_confirmed && ++r->leftover_ticks * r->tick_ms >= r->config.lease_ms)
        recorder_drop_leftover(r, "Redis does not record it");
    if (pulse_is_deaf(&r->pulse)) {
        recorder_restart(r, "the recorder does not hear itself");
        return;
    }
    r->waiting_ticks = r->is_one_too_many ? r->waiting_ticks + 1 : 0;
    if (r->waiting_ticks * r->tick_ms > PATIENCE * r->config.lease_ms) {
        recorder_restart(r, "two others hold and stand by");
        return;
    }
    bool wants_place = (r->state == RECORDER_ENTERING && r->unconfirmed == 0) || r->state == RECORDER_JOINING;
    if (wants_place && clock_now_ms() - r->sync_ms >= HOLDER_TICKS * r->tick_ms)
        recorder_sync(r);
    bool is_settled = r->state == RECORDER_HOLDING || r->state == RECORDER_WAITING;
    if (!is_settled || ++r->ticks % HOLDER_TICKS == 0)
        recorder_attend(r);
}

/* --- leaving ------------------------------------------------------------------------------------------------------ */

static void recorder_left(struct recorder *r)
{
    void (*left)(void *) = r->left;
    timer_stop(r->leave_timer);
    r->has_left = true;
    r->left = NULL;
    if (left)
        left(r->left_arg);
}

static void recorder_on_leave(void *arg, uint64_t serial, struct reply reply, enum leave_result result)
{
    struct recorder *r = arg;
    bool is_told = serial == r->node_serial && reply.status == REPLY_OK;
    if (is_told && result == LEAVE_LEFT)
        recorder_left(r);
    else if (is_told && result == LEAVE_ALONE && scribe_is_empty(r->scribe))
        caller_leave(r->caller, r->node, true, recorder_on_leave, r, serial);
    else
        timer_start(r->leave_timer, LEAVE_RETRY_MS);
}

/* Where another member lives, it has all that is not recorded. Where somebody is about to become one, wait for it a
 * little; where nobody is, until all is recorded. */
static void recorder_try_leave(void *arg)
{
    struct recorder *r = arg;
    bool is_late = clock_now_ms() >= r->leave_by_ms;
    if (clock_now_ms() >= r->leave_by_ms + LEAVE_ANSWER_MS) {
        recorder_left(r);
        return;
    }
    if (r->state == RECORDER_AWAY || !caller_is_up(r->caller)) {
        if (is_late || scribe_is_empty(r->scribe))
            recorder_left(r);
        else
            timer_start(r->leave_timer, LEAVE_RETRY_MS);
        return;
    }
    bool is_needed = recorder_is_numbering(r) && !is_late;
    caller_leave(r->caller, r->node, !is_needed, recorder_on_leave, r, r->node_serial);
}

void recorder_leave(struct recorder *r, void (*fn)(void *arg), void *arg)
{
    r->left = fn;
    r->left_arg = arg;
    r->leave_by_ms = clock_now_ms() + RECORDER_LEAVE_MS;
    timer_start(r->leave_timer, 0);
}

/* --- hearing ------------------------------------------------------------------------------------------------------ */

static void recorder_answer_sync(struct recorder *r, const struct control_word *sync)
{
    if (recorder_is_numbering(r) && sync->filter_hash == r->filter_hash)
        caller_place(r->caller, scribe_era(r->scribe), sync->node, sync->nonce, scribe_newest(r->scribe),
                     recorder_on_done, r, 0);
}

static void recorder_hear_control(struct recorder *r, struct bytes payload)
{
    struct control_word word;
    if (!control_parse(payload, &word))
        return;
    bool is_own = bytes_is(word.node, r->node);
    switch (word.kind) {
    case CONTROL_SYNC:
        if (is_own)
            recorder_hear_own_sync(r, word.nonce, word.era, word.ordinal);
        else
            recorder_answer_sync(r, &word);
        return;
    case CONTROL_PLACE:
        if (is_own)
            recorder_hear_own_place(r, word.nonce, word.era, word.ordinal);
        return;
    case CONTROL_ERA:
        if (is_own)
            recorder_hear_own_era(r, word.era, word.silent_ms);
        else
            recorder_hear_others_era(r, word.era);
        return;
    case CONTROL_UNECHOED:
        ear_begin(&r->ear);
        return;
    case CONTROL_VACANT:
    case CONTROL_VACANT_STANDBY:
        recorder_attend(r);
        return;
    case CONTROL_WHO: /* a worker asks whether somebody records */
        if (r->state == RECORDER_HOLDING)
            recorder_attend(r);
        return;
    case CONTROL_GENESIS:
    case CONTROL_LOST:
    case CONTROL_RENEWED:
        return;
    }
}

static void recorder_hear_plain(struct recorder *r, const struct heard *heard)
{
    bool is_queueing = r->state != RECORDER_AWAY && r->state != RECORDER_WAITING && r->unconfirmed == 0;
    if (!ear_counts(&r->ear, heard) || !is_queueing)
        return;
    const char *refusal = channel_name_error(heard->channel.data, heard->channel.len);
    if (!refusal && heard->payload.len > r->config.redis->max_payload)
        refusal = "the payload is larger than BRIDGE_MAX_PAYLOAD";
    if (!refusal) {
        scribe_hear(r->scribe, heard->channel, heard->payload);
        return;
    }
    scribe_pass(r->scribe);
    if (r->state != RECORDER_HOLDING)
        return;
    r->refused++;
    log_warn("publish_refused", "channel=\"%s\" bytes=%zu refused=%" PRIu64 " why=\"%s\"",
             LOG_TEXT(heard->channel.data, heard->channel.len), heard->payload.len, r->refused, refusal);
}

static void recorder_remember(struct recorder *r, const struct entry_source *source)
{
    if (source->channel.len > sizeof r->newest_channel)
        return;
    r->newest = source->position;
    r->newest_channel_len = source->channel.len;
    memcpy(r->newest_channel, source->channel.data, source->channel.len);
}

static void recorder_hear_live(struct recorder *r, const struct heard *heard)
{
    struct announcement announcement;
    if (!live_parse(r->config.redis, heard, &announcement))
        return;
    ear_hear_live(&r->ear, &announcement);
    recorder_remember(r, &announcement.source);
    if (announcement.is_echoed || !recorder_is_numbering(r) || announcement.era != scribe_era(r->scribe))
        return;
    const struct entry_source *source = &announcement.source;
    if (EXPECT(scribe_agrees(r->scribe, announcement.ordinal, source->channel, source->payload)))
        return;
    log_error("recorder_drift", "era=%" PRIu64 " ordinal=%" PRIu64, announcement.era, announcement.ordinal);
    recorder_restart(r, "others number otherwise");
}

static void recorder_on_message(void *arg, const struct heard *heard)
{
    struct recorder *r = arg;
    bool is_own = bytes_is(heard->channel, r->node_channel);
    pulse_heard(&r->pulse, is_own);
    if (heard->pattern.len > 0 && bytes_is(heard->pattern, r->live))
        recorder_hear_live(r, heard);
    else if (heard->pattern.len > 0)
        recorder_hear_plain(r, heard);
    else if (!is_own)
        recorder_hear_control(r, heard->payload);
}

/* --- the connections ---------------------------------------------------------------------------------------------- */

static void recorder_on_listener_up(void *arg)
{
    struct recorder *r = arg;
    random_token(r->node, sizeof r->node);
    names_node(r->config.redis, r->node, r->node_channel);
    r->node_serial++;
    r->nonce = 0;
    r->is_attending = r->attends_again = r->is_confirmed = false;
    r->is_one_too_many = false;
    r->leftover_ticks = r->waiting_ticks = 0;
    pulse_begin(&r->pulse);
    listener_subscribe(r->listener, false, bytes_of(r->node_channel));
    listener_subscribe(r->listener, false, bytes_of(r->control));
}

/* Its life as a node begins, once nothing of the one before is left to be recorded. */
static void recorder_start_node(struct recorder *r)
{
    if (r->state != RECORDER_AWAY || !r->is_confirmed || !scribe_is_empty(r->scribe))
        return;
    scribe_begin(r->scribe);
    recorder_enter(r, RECORDER_WAITING, "listening");
    r->ticks = HOLDER_TICKS - 1; /* at once */
    timer_start(r->attend_timer, 0);
}

static void recorder_on_confirmed(void *arg, bool is_pattern, struct bytes name)
{
    struct recorder *r = arg;
    if (is_pattern) {
        if (r->unconfirmed == 0 || --r->unconfirmed > 0)
            return;
        ear_begin(&r->ear);
        recorder_begin(r, true, r->place_era, r->place_last);
        recorder_sync(r);
    } else if (bytes_is(name, r->control)) {
        r->is_confirmed = true;
        recorder_start_node(r);
    }
}

static void recorder_on_handed_down(void *arg, uint64_t ticket, struct reply reply, enum leave_result result)
{
    (void)arg, (void)ticket, (void)reply, (void)result;
}

static void recorder_on_listener_down(void *arg, const char *why)
{
    struct recorder *r = arg;
    r->is_confirmed = false;
    r->unconfirmed = 0;
    if (r->state == RECORDER_AWAY) /* what the node before had is still being recorded */
        return;
    if (recorder_is_numbering(r)) {
        r->places_lost++;
        scribe_send(r->scribe, true);
    } else {
        scribe_begin(r->scribe);
    }
    if (caller_is_up(r->caller))
        caller_leave(r->caller, r->node, true, recorder_on_handed_down, r, 0);
    recorder_enter(r, RECORDER_AWAY, why);
}

static void recorder_on_caller_up(void *arg)
{
    struct recorder *r = arg;
    struct bytes channel = {r->newest_channel, r->newest_channel_len};
    if (!position_is_begin(r->newest)) /* before anything is recorded */
        caller_witness(r->caller, r->newest, channel);
    scribe_on_caller_up(r->scribe);
    r->ticks = HOLDER_TICKS - 1;
    if (r->state != RECORDER_AWAY)
        timer_start(r->attend_timer, 0);
}

static void recorder_on_caller_down(void *arg, const char *why)
{
    (void)arg, (void)why; /* whoever waits for an answer is told */
}

/* --- the scribe --------------------------------------------------------------------------------------------------- */

static void recorder_on_drained(void *arg)
{
    recorder_start_node(arg);
}

static void recorder_on_refused(void *arg)
{
    struct recorder *r = arg;
    if (r->state != RECORDER_AWAY) {
        recorder_attend(r);
        return;
    }
    recorder_drop_leftover(r, "the era is over");
}

/* What is true in each state, as the head of this file has it. */
static bool recorder_is_sound(const struct recorder *r)
{
    bool is_numbered = scribe_era(r->scribe) != 0;
    bool sends = scribe_sends(r->scribe);
    if (!scribe_is_sound(r->scribe))
        return false;
    switch (r->state) {
    case RECORDER_AWAY:
        return scribe_is_empty(r->scribe) || (is_numbered && sends);
    case RECORDER_WAITING:
        return scribe_is_empty(r->scribe) && !is_numbered;
    case RECORDER_ENTERING:
        return !is_numbered && (r->unconfirmed == 0 || scribe_is_empty(r->scribe));
    case RECORDER_JOINING:
        return !is_numbered && r->place_length <= scribe_length(r->scribe);
    case RECORDER_SYNCED:
        return is_numbered && !sends;
    case RECORDER_HOLDING:
        return is_numbered && sends;
    }
    return false;
}

static void recorder_on_turn_end(void *arg)
{
    struct recorder *r = arg;
    scribe_flush(r->scribe);
    if (!EXPECT(recorder_is_sound(r)))
        recorder_restart(r, "its state is not sound");
}

/* --- life --------------------------------------------------------------------------------------------------------- */

void recorder_status(const struct recorder *r, struct recorder_status *out)
{
    const struct scribe_count *scribe = scribe_count(r->scribe);
    const struct inbox_count *inbox = inbox_count(r->inbox);
    *out = (struct recorder_status){
        .had_place = r->had_place,
        .is_holder = r->state == RECORDER_HOLDING,
        .is_standby = r->state == RECORDER_SYNCED,
        .recorded = scribe->recorded,
        .refused = r->refused,
        .lost = scribe->lost,
        .eras = r->eras,
        .places_lost = r->places_lost,
        .queued = scribe_length(r->scribe),
        .queued_bytes = scribe->queued_bytes,
        .lag_ms = r->pulse.lag_ms,
        .inbox_recorded = inbox->recorded,
        .inbox_rejected = inbox->rejected,
    };
}

struct recorder *recorder_new(struct loop *loop, const struct recorder_config *config)
{
    static const struct listener_events listener_events = {recorder_on_listener_up, recorder_on_listener_down,
                                                           recorder_on_confirmed, recorder_on_message};
    static const struct caller_events caller_events = {recorder_on_caller_up, recorder_on_caller_down};
    static const struct scribe_events scribe_events = {recorder_on_drained, recorder_on_refused};
    struct recorder *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->config = *config;
    r->ear = (struct ear){.redis = config->redis, .channels = config->channels, .ephemeral = config->ephemeral};
    r->filter_hash = ear_filter_hash(&r->ear);
    r->tick_ms = config->lease_ms / TICKS < TICK_MS_MAX ? config->lease_ms / TICKS + 1 : TICK_MS_MAX;
    names_control(config->redis, r->control);
    names_live(config->redis, bytes_of("*"), r->live);
    r->attend_timer = timer_new(loop, recorder_on_attend_timer, r);
    r->leave_timer = timer_new(loop, recorder_try_leave, r);
    r->caller = caller_new(loop, config->redis, "recorder-calls", &caller_events, r);
    r->scribe = r->caller ? scribe_new(loop, r->caller, &scribe_events, r) : NULL;
    r->inbox = inbox_new(loop, &r->config);
    r->listener = listener_new(loop, config->redis, "recorder-live", &listener_events, r);
    if (!r->attend_timer || !r->leave_timer || !r->caller || !r->scribe || !r->inbox || !r->listener) {
        recorder_free(r);
        return NULL;
    }
    loop_on_turn_end(loop, recorder_on_turn_end, r);
    return r;
}

void recorder_free(struct recorder *r)
{
    if (!r)
        return;
    inbox_free(r->inbox);
    caller_free(r->caller);
    listener_free(r->listener);
    scribe_free(r->scribe);
    timer_free(r->attend_timer);
    timer_free(r->leave_timer);
    free(r);
}
