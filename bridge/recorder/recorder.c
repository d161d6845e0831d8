/*
 * recorder.c - plain PUBLISH, recorded exactly once.
 *
 * A plain PUBLISH has no id and no history, and every instance receives it. All subscribers receive the plain messages
 * in the same order, so within an *era* they can be numbered: 1, 2, 3 … The function that appends to the log accepts
 * only the next number (*ordinal*) of the current era, so a message is recorded once and in order, no matter which
 * recorder sends it or how often. The *seat*, a lease, only decides which recorder sends, so that the work is not done
 * twice.
 *
 *   normal       PUBLISH m ──► holder numbers m: 8     ──► record(era, 8, m): 8 = last + 1, appended, announced on live
 *                          └─► standby numbers m: 8, keeps it until it receives the announcement that 8 is recorded
 *   holder dies  the standby takes the seat, learns that last = 7 or 8, sends 8 if necessary, then 9 …
 *   it hangs     its late record(era, 8, m) is a duplicate, and nothing happens
 *   joining      j: sync(j) ──► control `sync j`: a place in the order that all receive; synced nodes answer with the
 *                ordinal that they had reached there, 41: `place j 41`; the next message that j received is 42
 *
 * A *node* is one pub/sub connection; node.c shows its states. Every node attends regularly (attending.c): it reports
 * to Redis what it knows and receives its role. A node that keeps every unrecorded message, numbered, is a *member*. If
 * no member is left, a JOINING node opens a new era with all that it has queued, provided that nothing was recorded
 * since its place. If the era itself is gone, because somebody deleted the keys, synced nodes are known by a channel
 * that they subscribe to, and one of them opens the next era once it has received all announcements. So, apart from
 * what is dropped on purpose (recorder_full, recorder_unconfirmed, a forced leave), a plain message is lost only if no
 * living node has received it, or none that has can number it.
 *
 * That nothing is recorded twice or out of order depends on no lease, and on no message arriving in time. Repeating a
 * call is harmless: calls sent on a connection that then died may be executed late, and by then they change nothing, or
 * only what is also announced on control.
 *
 * recorder_is_sound() checks the invariants at the end of each turn. tests/model has a model of this protocol, and the
 * rules without which it breaks.
 */
#include "recorder/recorder.h"

#include "attending.h"
#include "base/log.h"
#include "base/loop.h"
#include "ear.h"
#include "eviction.h"
#include "inbox.h"
#include "leaving.h"
#include "node.h"
#include "redis/beat.h"
#include "redis/caller.h"
#include "redis/config.h"
#include "redis/control.h"
#include "redis/listener.h"
#include "redis/live.h"
#include "redis/names.h"
#include "scribe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TICKS 12        /* per lease; more if it is long */
#define TICK_MS_MAX 250 /* workers expect `renewed` every second; the holder attends every 4th tick */

/* An announced entry. */
struct announced {
    struct position position; /* 0-0: none yet */
    char channel[CHANNEL_LEN_MAX];
    size_t channel_len;
};

struct recorder {
    struct recorder_config config;
    struct listener *listener;
    struct caller *caller;
    struct inbox *inbox;
    struct scribe *scribe;
    struct timer *tick_timer;
    struct ear ear;
    struct node node;
    struct attending attending;
    struct leaving leaving;
    struct eviction eviction;
    bool is_told_shared;     /* a warning was logged */
    bool hears_control;      /* control is confirmed: the new node starts once the previous node's queue is empty */
    unsigned leftover_ticks; /* ticks spent waiting for that */
    struct announced newest; /* when the caller reconnects, Redis is asked whether it still has this */
    uint64_t refused;        /* plain messages that can't be recorded */
};

/* --- from one node to the next ------------------------------------------------------------------------------------ */

/* A node starts only when nothing that the previous one queued is left to record. */
static void recorder_start_node(struct recorder *r)
{
    if (r->node.state != NODE_AWAY || !r->hears_control || !scribe_is_empty(r->scribe))
        return;
    node_start(&r->node);
    attending_soon(&r->attending);
    timer_start(r->tick_timer, 0);
}

/* Drop what the previous node still has queued. If another node was synced, it has these messages too. */
static void recorder_drop_leftover(struct recorder *r, const char *why)
{
    log_error("recorder_unconfirmed", "messages=%" PRIu64 " era=%" PRIu64 " why=\"%s\"", scribe_length(r->scribe),
              scribe_era(r->scribe), why);
    scribe_begin(r->scribe);
    recorder_start_node(r);
}

static void recorder_on_tick(void *arg)
{
    struct recorder *r = arg;
    uint64_t tick_ms = r->attending.tick_ms;
    timer_start(r->tick_timer, tick_ms);
    if (r->node.state == NODE_AWAY && r->hears_control && ++r->leftover_ticks * tick_ms >= r->config.lease_ms)
        recorder_drop_leftover(r, "Redis did not record them within the lease time");
    const char *trouble = attending_tick(&r->attending);
    if (trouble)
        node_restart(&r->node, trouble);
}

static void recorder_on_entered(void *arg, enum node_state state)
{
    struct recorder *r = arg;
    inbox_serve(r->inbox, state == NODE_HOLDING);
}

static void recorder_on_changed(void *arg)
{
    struct recorder *r = arg;
    attending_now(&r->attending);
}

/* --- receiving ---------------------------------------------------------------------------------------------------- */

static void recorder_hear_control(struct recorder *r, struct bytes payload)
{
    struct control_word word;
    if (!control_parse(payload, &word))
        return;
    switch (word.kind) {
    case CONTROL_SYNC:
    case CONTROL_PLACE:
    case CONTROL_ERA:
        node_hear(&r->node, &word);
        return;
    case CONTROL_UNECHOED:
        ear_begin(&r->ear);
        return;
    case CONTROL_VACANT:
    case CONTROL_VACANT_STANDBY:
        attending_now(&r->attending);
        return;
    case CONTROL_WHO:
        if (r->node.state == NODE_HOLDING)
            attending_now(&r->attending);
        return;
    case CONTROL_GENESIS:
    case CONTROL_LOST:
    case CONTROL_RENEWED:
        return;
    }
}

static void recorder_say_refused(struct recorder *r, const struct heard *heard, const char *why)
{
    if (r->node.state != NODE_HOLDING)
        return;
    r->refused++;
    log_warn("publish_refused", "channel=\"%s\" bytes=%zu refused=%" PRIu64 " why=\"%s\"",
             LOG_TEXT(heard->channel.data, heard->channel.len), heard->payload.len, r->refused, why);
}

static void recorder_hear_plain(struct recorder *r, const struct heard *heard)
{
    if (!ear_counts(&r->ear, heard) || !node_is_queueing(&r->node))
        return;
    const char *name_error = channel_name_error(heard->channel.data, heard->channel.len);
    if (name_error) { /* nobody can listen there */
        scribe_pass(r->scribe);
        recorder_say_refused(r, heard, name_error);
    } else if (heard->payload.len > r->config.redis->max_payload) {
        scribe_mark(r->scribe, heard->channel, GAP_TOO_BIG);
        recorder_say_refused(r, heard, "the payload is larger than BRIDGE_MAX_PAYLOAD");
    } else {
        scribe_hear(r->scribe, heard->channel, heard->payload);
    }
}

static void recorder_remember(struct recorder *r, const struct entry_source *entry)
{
    struct announced *newest = &r->newest;
    if (entry->channel.len > sizeof newest->channel)
        return;
    newest->position = entry->position;
    newest->channel_len = entry->channel.len;
    memcpy(newest->channel, entry->channel.data, entry->channel.len);
}

static void recorder_hear_live(struct recorder *r, const struct heard *heard)
{
    struct announcement announcement;
    const struct entry_source *entry = &announcement.source;
    bool is_ours = live_parse(r->config.redis, heard, &announcement);
    if (!is_ours && !live_parse_any(r->config.redis, heard, &announcement))
        return;
    ear_hear_live(&r->ear, &announcement);
    if (!is_ours)
        return;
    recorder_remember(r, entry);
    if (!announcement.is_echoed)
        node_hear_recorded(&r->node, announcement.era, announcement.ordinal);
    if (announcement.is_echoed || !node_is_numbering(&r->node) || announcement.era != scribe_era(r->scribe))
        return;
    if (EXPECT(scribe_agrees(r->scribe, announcement.ordinal, entry)))
        return;
    log_error("recorder_drift",
              "era=%" PRIu64 " ordinal=%" PRIu64
              " why=\"another recorder numbers the messages differently; this one joins anew\"",
              announcement.era, announcement.ordinal);
    node_restart(&r->node, "another node numbers the messages differently");
}

static void recorder_on_message(void *arg, const struct heard *heard)
{
    struct recorder *r = arg;
    bool is_own = bytes_is(heard->channel, r->node.channel);
    attending_hear(&r->attending, is_own);
    if (heard->pattern.len > 0 &&
        (bytes_is(heard->pattern, r->node.live) || bytes_is(heard->pattern, r->node.spaced_live)))
        recorder_hear_live(r, heard);
    else if (heard->pattern.len > 0)
        recorder_hear_plain(r, heard);
    else if (is_own)
        node_hear_own(&r->node, heard->payload);
    else
        recorder_hear_control(r, heard->payload);
}

/* --- the connections ---------------------------------------------------------------------------------------------- */

static void recorder_tell_shared(struct recorder *r)
{
    if (r->is_told_shared || !names_is_shared(r->config.redis))
        return;
    r->is_told_shared = true;
    log_warn("database_shared",
             "db=%u why=\"bridges of the previous release run here, or did when this fleet began\" "
             "do=\"update them all, then stop all bridges that use this database once\"",
             r->config.redis->db);
}

static void recorder_on_listener_up(void *arg)
{
    struct recorder *r = arg;
    recorder_tell_shared(r);
    r->hears_control = false;
    r->leftover_ticks = 0;
    attending_begin(&r->attending);
    node_arrive(&r->node);
}

static void recorder_on_confirmed(void *arg, bool is_pattern, struct bytes name)
{
    struct recorder *r = arg;
    if (is_pattern) {
        if (node_confirm(&r->node))
            ear_begin(&r->ear);
    } else if (bytes_is(name, r->node.control)) {
        r->hears_control = true;
        recorder_start_node(r);
    } else if (bytes_is(name, r->node.channel)) {
        node_confirm_own(&r->node);
    }
}

static void recorder_on_listener_down(void *arg, const char *why)
{
    struct recorder *r = arg;
    r->hears_control = false;
    node_lose(&r->node, why);
}

static void recorder_on_caller_up(void *arg)
{
    struct recorder *r = arg;
    const struct announced *newest = &r->newest;
    if (!position_is_begin(newest->position)) /* before the scribe sends anything */
        caller_witness(r->caller, newest->position, (struct bytes){newest->channel, newest->channel_len});
    scribe_on_caller_up(r->scribe);
    eviction_on_caller_up(&r->eviction);
    attending_soon(&r->attending);
    if (r->node.state != NODE_AWAY)
        timer_start(r->tick_timer, 0);
}

static void recorder_on_caller_down(void *arg, const char *why)
{
    struct recorder *r = arg;
    if (strcmp(why, CALLER_READONLY) != 0)
        return;
    inbox_reconnect(r->inbox); /* all of them lead to the same server */
    node_restart(&r->node, CALLER_READONLY);
}

/* --- the scribe --------------------------------------------------------------------------------------------------- */

static void recorder_on_drained(void *arg)
{
    recorder_start_node(arg);
}

static void recorder_on_refused(void *arg)
{
    struct recorder *r = arg;
    if (r->node.state == NODE_AWAY)
        recorder_drop_leftover(r, "the era has ended, or Redis lost records of it");
    else
        attending_now(&r->attending);
}

static bool recorder_is_sound(const struct recorder *r)
{
    return scribe_is_sound(r->scribe) && node_is_sound(&r->node);
}

static void recorder_on_turn_end(void *arg)
{
    struct recorder *r = arg;
    scribe_flush(r->scribe);
    if (!EXPECT(recorder_is_sound(r)))
        node_restart(&r->node, "its state is inconsistent");
}

/* --- life --------------------------------------------------------------------------------------------------------- */

void recorder_leave(struct recorder *r, void (*fn)(void *arg), void *arg)
{
    leaving_begin(&r->leaving, fn, arg);
}

void recorder_status(const struct recorder *r, struct recorder_status *out)
{
    const struct scribe_count *scribe = scribe_count(r->scribe);
    const struct inbox_count *inbox = inbox_count(r->inbox);
    *out = (struct recorder_status){
        .had_place = r->node.had_place,
        .is_holder = r->node.state == NODE_HOLDING,
        .is_standby = r->node.state == NODE_SYNCED,
        .refusal = r->attending.complaint.kind ? r->attending.complaint.kind : scribe->refusal,
        .is_evicting = r->eviction.is_warned,
        .recorded = scribe->recorded,
        .refused = r->refused,
        .lost = scribe->lost,
        .eras = r->node.eras,
        .places_lost = r->node.places_lost,
        .queued = scribe_length(r->scribe),
        .queued_bytes = scribe->queued_bytes,
        .lag_ms = r->attending.pulse.lag_ms,
        .inbox_recorded = inbox->recorded,
        .inbox_rejected = inbox->rejected,
    };
}

static void recorder_connect_parts(struct recorder *r)
{
    uint64_t lease_ms = r->config.lease_ms;
    r->ear = (struct ear){.redis = r->config.redis, .channels = r->config.channels, .ephemeral = r->config.ephemeral};
    r->node = (struct node){.config = &r->config,
                            .listener = r->listener,
                            .caller = r->caller,
                            .scribe = r->scribe,
                            .filter_hash = ear_filter_hash(&r->ear),
                            .events = {recorder_on_entered, recorder_on_changed},
                            .arg = r};
    r->attending = (struct attending){.caller = r->caller,
                                      .node = &r->node,
                                      .lease_ms = lease_ms,
                                      .tick_ms = lease_ms / TICKS < TICK_MS_MAX ? lease_ms / TICKS + 1 : TICK_MS_MAX};
    r->leaving.caller = r->caller;
    r->leaving.node = &r->node;
    r->leaving.scribe = r->scribe;
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
    r->tick_timer = timer_new(loop, recorder_on_tick, r);
    r->leaving.timer = timer_new(loop, leaving_try, &r->leaving);
    r->caller = caller_new(loop, config->redis, "recorder-calls", &caller_events, r);
    r->scribe = r->caller ? scribe_new(loop, r->caller, &scribe_events, r) : NULL;
    r->inbox = inbox_new(loop, &r->config);
    r->listener = listener_new(loop, config->redis, "recorder-live", &listener_events, r);
    if (!r->tick_timer || !r->leaving.timer || !r->caller || !r->scribe || !r->inbox || !r->listener ||
        !eviction_init(&r->eviction, loop, r->caller)) {
        recorder_free(r);
        return NULL;
    }
    recorder_connect_parts(r);
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
    timer_free(r->tick_timer);
    timer_free(r->leaving.timer);
    eviction_fini(&r->eviction);
    free(r);
}
