/*
 * recorder.c - plain PUBLISH, recorded exactly once.
 *
 * A plain PUBLISH has no id and no history, and every instance hears it. Everybody who listens hears the plain messages
 * in the same order, so within an *era* they can be numbered: 1, 2, 3 … The function that appends to the log takes only
 * the next number of the current era, so whoever sends a message, and however often, it is recorded once and in order.
 * The *seat*, a lease, only says who sends, so that the work is not done twice.
 *
 *   redis-cli PUBLISH m ──► Redis ──► listener: m is ordinal 8, queued
 *                             ▲             │ record(era, 8, m)
 *                             └─ caller ◄───┘     8 = last + 1: appended, announced on live; else a duplicate
 *
 *             control confirmed          heard `era n <me>`
 *   ┌──────┐ ─────────────────► ┌──────────┐ ──────────────► ┌─────────┐
 *   │ AWAY │                    │ WATCHING │                 │ HOLDING │
 *   └──────┘ ◄───────────────── └──────────┘ ◄────────────── └─────────┘
 *             listener lost              the era is another's, or the seat can't be had back
 *
 * AWAY      does not hear; knows nothing
 * WATCHING  hears; somebody else records, or nobody yet: asks for the seat whenever it may be free
 * HOLDING   numbers what it hears from the word `era n <me>` on, and records it
 *
 * What is published in a durable way (see library.lua's publish) is announced on live as *echoed* directly before its
 * plain message comes, and that message is passed over: it is in the log already.
 *
 * Asking for the seat may be executed twice, the second time after we were told that the first was lost. Then a second
 * era of our own follows the first. What the first had not recorded when it ended (its announcements are heard before
 * the word `era`) are the first messages of the second.
 *
 * A message can match several of our patterns; Redis then sends it once for each. Only the copy of the first pattern in
 * the list that matches counts.
 */
#include "recorder/recorder.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "queue.h"
#include "redis/redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX 64 /* messages that one call records */
#define BATCH_BYTES_MAX 262144
#define IN_FLIGHT_MAX 16 /* calls that are not answered yet */
#define QUEUE_BYTES_MAX (256u << 20)
#define RETRY_MS 100
#define DEAF_MS 2000
#define LEAVE_MS 1500 /* how long recorder_leave() waits for what is queued */

enum recorder_state { RECORDER_AWAY, RECORDER_WATCHING, RECORDER_HOLDING };

struct recorder {
    struct recorder_config config;
    struct listener *listener;
    struct caller *caller;
    struct timer *seat_timer; /* WATCHING: ask for the seat; HOLDING: renew it */
    struct timer *retry_timer;
    struct timer *leave_timer;
    char node[24];
    char control[REDIS_PREFIX_MAX + 16], live[LIVE_NAME_MAX];

    enum recorder_state state;
    bool is_echo_next; /* the next plain message is in the log already, if it is this one */
    char echo_channel[CHANNEL_LEN_MAX];
    size_t echo_channel_len, echo_payload_len;
    uint64_t renewed_ms; /* HOLDING: when Redis said that it told our renewal; 0: it has been heard */
    uint64_t era;        /* HOLDING: the era that is ours */
    struct queue queue;  /* HOLDING: heard, not known to be recorded */
    uint64_t sent;       /* the highest ordinal that was sent on this connection */
    unsigned in_flight;
    uint64_t generation; /* answers to what was sent before a restart of sending are stale */
    bool is_paused;      /* waiting for retry_timer, for `last`, or for the word of a newer era */
    bool is_asking;      /* for the seat */

    uint64_t lost_told_ms;
    uint64_t refused, lost; /* too large; heard, but could not be kept */

    bool is_leaving;
    void (*left)(void *arg);
    void *left_arg;
};

static void recorder_send(struct recorder *r);
static void recorder_ask_seat(void *arg);

static void recorder_enter(struct recorder *r, enum recorder_state state, const char *why)
{
    static const char *const names[] = {"AWAY", "WATCHING", "HOLDING"};
    if (r->state == state)
        return;
    if (r->state == RECORDER_HOLDING && r->queue.count)
        log_error("recorder_unconfirmed", "messages=%zu era=%" PRIu64 " why=\"%s\"", r->queue.count, r->era, why);
    log_info("recorder", "%s -> %s node=%s why=\"%s\"", names[r->state], names[state], r->node, why);
    r->state = state;
    queue_reset(&r->queue, 1);
    r->sent = 0;
    r->generation++;
    r->in_flight = 0;
    r->is_paused = false;
    r->renewed_ms = 0;
    if (state == RECORDER_WATCHING && !r->is_leaving)
        timer_start(r->seat_timer, 0);
}

/* --- leaving ------------------------------------------------------------------------------------------------------ */

static void recorder_left(struct recorder *r)
{
    void (*left)(void *) = r->left;
    timer_stop(r->leave_timer);
    r->left = NULL;
    if (left)
        left(r->left_arg);
}

static void recorder_on_seat_left(void *arg, uint64_t ticket, struct reply reply, struct seat_reply seat)
{
    struct recorder *r = arg;
    (void)ticket, (void)reply, (void)seat;
    recorder_left(r);
}

static void recorder_give_up_seat(void *arg)
{
    struct recorder *r = arg;
    if (r->state == RECORDER_HOLDING && caller_is_up(r->caller)) {
        timer_start(r->leave_timer, LEAVE_MS);
        recorder_enter(r, RECORDER_WATCHING, "leaving");
        caller_seat_leave(r->caller, r->node, recorder_on_seat_left, r, 0);
        return;
    }
    recorder_left(r);
}

void recorder_leave(struct recorder *r, void (*fn)(void *arg), void *arg)
{
    r->is_leaving = true;
    r->left = fn;
    r->left_arg = arg;
    bool is_done = r->state != RECORDER_HOLDING || r->queue.count == 0;
    timer_start(r->leave_timer, is_done ? 0 : LEAVE_MS);
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

/* Send again from behind `last`. */
static void recorder_go_on(struct recorder *r, uint64_t last)
{
    r->generation++;
    r->in_flight = 0;
    r->is_paused = false;
    queue_drop(&r->queue, last);
    r->sent = r->queue.first - 1;
    if (last + 1 < r->queue.first) /* Redis lost what it had acknowledged, and it is not here any more */
        recorder_enter(r, RECORDER_WATCHING, "the log went back");
    else
        recorder_send(r);
}

static void recorder_on_taken(void *arg, uint64_t generation, struct reply reply, struct seat_reply seat)
{
    struct recorder *r = arg;
    if (generation != r->generation || r->state != RECORDER_HOLDING)
        return;
    if (reply.status != REPLY_OK)
        timer_start(r->retry_timer, RETRY_MS);
    else if (seat.is_mine)
        recorder_go_on(r, seat.last);
    else if (seat.era <= r->era)
        recorder_enter(r, RECORDER_WATCHING, seat.era < r->era ? "Redis has lost the era" : "the seat is another's");
    /* else the word of a newer era is on its way, and says whose it is */
}

/* Something is unclear: ask how far the log is, and whether the seat is still ours. */
static void recorder_ask_last(void *arg)
{
    struct recorder *r = arg;
    if (r->state != RECORDER_HOLDING || !caller_is_up(r->caller))
        return;
    r->is_paused = true;
    r->generation++;
    caller_seat_take(r->caller, r->node, r->config.lease_ms, r->era, recorder_on_taken, r, r->generation);
}

static void recorder_pause(struct recorder *r)
{
    if (r->is_paused)
        return;
    r->is_paused = true;
    r->generation++;
    timer_start(r->retry_timer, RETRY_MS);
}

static void recorder_on_recorded(void *arg, uint64_t generation, struct reply reply, enum record_result result,
                                 uint64_t last)
{
    struct recorder *r = arg;
    if (generation != r->generation || r->state != RECORDER_HOLDING)
        return;
    r->in_flight--;
    if (reply.status != REPLY_OK) {
        log_warn("record_failed", "why=\"%s\"", LOG_TEXT(reply.text, strlen(reply.text)));
        recorder_pause(r);
        return;
    }
    switch (result) {
    case RECORD_OK:
        queue_drop(&r->queue, last);
        break;
    case RECORD_HOLE:
        recorder_go_on(r, last);
        break;
    case RECORD_STALE:
        recorder_pause(r);
        break;
    }
    if (r->is_leaving && r->queue.count == 0)
        timer_start(r->leave_timer, 0);
    else
        recorder_send(r);
}

static void recorder_send_batch(struct recorder *r)
{
    struct name channels[BATCH_MAX], payloads[BATCH_MAX];
    unsigned count = 0;
    size_t bytes = 0;
    uint64_t first = r->sent + 1;
    while (count < BATCH_MAX && bytes < BATCH_BYTES_MAX && r->sent + 1 < queue_next(&r->queue)) {
        const struct message *message = queue_at(&r->queue, ++r->sent);
        channels[count] = message_channel(message);
        payloads[count++] = message_payload(message);
        bytes += message->payload_len;
    }
    r->in_flight++;
    caller_record(r->caller, r->era, first, channels, payloads, count, recorder_on_recorded, r, r->generation);
}

static void recorder_send(struct recorder *r)
{
    while (r->state == RECORDER_HOLDING && !r->is_paused && r->in_flight < IN_FLIGHT_MAX && caller_is_up(r->caller) &&
           r->sent + 1 < queue_next(&r->queue))
        recorder_send_batch(r);
}

/* All that a turn brought goes out in as few calls as it takes. */
static void recorder_on_turn_end(void *arg)
{
    recorder_send(arg);
}

/* --- the seat ----------------------------------------------------------------------------------------------------- */

static void recorder_on_cold(void *arg, uint64_t ticket, struct reply reply, struct seat_reply seat)
{
    struct recorder *r = arg;
    (void)ticket;
    r->is_asking = false;
    if (r->state != RECORDER_WATCHING || reply.status != REPLY_OK)
        return;
    if (!seat.is_mine) /* when it may be free, and not all at the same moment */
        timer_start(r->seat_timer,
                    (seat.left_ms < r->config.lease_ms ? seat.left_ms : r->config.lease_ms) + 1 + random_below(50));
}

static void recorder_on_renewed(void *arg, uint64_t generation, struct reply reply, struct seat_reply seat)
{
    struct recorder *r = arg;
    if (r->state != RECORDER_HOLDING || reply.status != REPLY_OK)
        return;
    if (seat.is_mine && !r->renewed_ms)
        r->renewed_ms = clock_now_ms();
    else if (!seat.is_mine && generation == r->generation)
        recorder_ask_last(r); /* the lease ran out: we were too slow */
}

/* A holder that does not hear what it had announced itself hears no message either, and must not keep the seat. */
static bool recorder_is_deaf(const struct recorder *r)
{
    return r->state == RECORDER_HOLDING && r->renewed_ms &&
           clock_now_ms() - r->renewed_ms > DEAF_MS + r->config.lease_ms / 3;
}

static void recorder_ask_seat(void *arg)
{
    struct recorder *r = arg;
    timer_start(r->seat_timer, r->config.lease_ms / 3);
    if (recorder_is_deaf(r))
        listener_restart(r->listener, "the recorder does not hear its own renewal");
    if (!caller_is_up(r->caller) || r->is_leaving)
        return;
    if (r->state == RECORDER_WATCHING && !r->is_asking) {
        r->is_asking = true;
        caller_seat_cold(r->caller, r->node, r->config.lease_ms, recorder_on_cold, r, 0);
    } else if (r->state == RECORDER_HOLDING && !r->is_paused)
        caller_seat_renew(r->caller, r->node, r->config.lease_ms, recorder_on_renewed, r, r->generation);
}

static void recorder_hear_era(struct recorder *r, uint64_t era, struct name node)
{
    bool is_mine = name_is(node, r->node);
    if (is_mine && r->state == RECORDER_WATCHING) {
        recorder_enter(r, RECORDER_HOLDING, "a new era");
        r->era = era;
        r->is_echo_next = false;
    } else if (is_mine && r->state == RECORDER_HOLDING && era != r->era) {
        log_info("recorder_again", "era=%" PRIu64 " kept=%zu", era, r->queue.count);
        r->era = era;
        queue_renumber(&r->queue, 1);
        r->sent = 0;
        r->generation++;
        r->in_flight = 0;
        r->is_paused = false;
    } else if (!is_mine && r->state == RECORDER_HOLDING) {
        recorder_enter(r, RECORDER_WATCHING, "another opened an era");
    }
}

/* `era <n> <node>`, `renewed <n> <node>`, `vacant`, and `who`: a worker asks whether somebody records. */
static void recorder_hear_control(struct recorder *r, struct name payload)
{
    char words[128], node[64];
    uint64_t era;
    r->renewed_ms = 0;
    snprintf(words, sizeof words, "%.*s", (int)payload.len, payload.bytes);
    if (sscanf(words, "era %" SCNu64 " %63s", &era, node) == 2)
        recorder_hear_era(r, era, (struct name){node, strlen(node)});
    else if (strcmp(words, "vacant") == 0 && r->state == RECORDER_WATCHING && !r->is_leaving)
        timer_start(r->seat_timer, random_below(20));
    else if (strcmp(words, "who") == 0 && r->state == RECORDER_HOLDING)
        timer_start(r->seat_timer, 0);
}

/* --- hearing ------------------------------------------------------------------------------------------------------ */

static bool recorder_serves(const struct recorder *r, struct name channel)
{
    return glob_list_match(r->config.channels, channel.bytes, channel.len) >= 0 &&
           !redis_name_is_internal(r->config.redis, channel.bytes, channel.len);
}

static void recorder_tell_lost(struct recorder *r)
{
    uint64_t now = clock_now_ms();
    r->lost++;
    if (now - r->lost_told_ms < 1000)
        return;
    r->lost_told_ms = now;
    log_error("recorder_full",
              "lost=%" PRIu64 " queued_bytes=%zu why=\"Redis records more slowly than others publish\"", r->lost,
              r->queue.bytes);
}

static void recorder_hear_plain(struct recorder *r, const struct heard *heard)
{
    if (!recorder_serves(r, heard->channel))
        return;
    int counts = glob_list_match(r->config.channels, heard->channel.bytes, heard->channel.len);
    const char *glob = r->config.channels->globs[counts];
    if (!name_is(heard->pattern, glob))
        return; /* a copy */
    bool is_echo = r->is_echo_next && heard->payload.len == r->echo_payload_len &&
                   heard->channel.len == r->echo_channel_len &&
                   memcmp(heard->channel.bytes, r->echo_channel, r->echo_channel_len) == 0;
    r->is_echo_next = false; /* one that did not come, because its publisher may not PUBLISH there, is nobody else's */
    if (is_echo)
        return;
    if (r->state != RECORDER_HOLDING ||
        glob_list_match(r->config.ephemeral, heard->channel.bytes, heard->channel.len) >= 0)
        return;
    const char *refusal = channel_name_error(heard->channel.bytes, heard->channel.len);
    if (!refusal && heard->payload.len > r->config.redis->max_payload)
        refusal = "the payload is larger than BRIDGE_MAX_PAYLOAD";
    if (refusal) {
        r->refused++;
        log_warn("publish_refused", "channel=\"%s\" bytes=%zu refused=%" PRIu64 " why=\"%s\"",
                 LOG_TEXT(heard->channel.bytes, heard->channel.len), heard->payload.len, r->refused, refusal);
        return;
    }
    if (r->queue.bytes > QUEUE_BYTES_MAX || !queue_push(&r->queue, heard->channel, heard->payload))
        recorder_tell_lost(r);
}

static void recorder_hear_live(struct recorder *r, const struct heard *heard)
{
    struct announcement announcement;
    if (!announcement_parse(r->config.redis, heard, &announcement))
        return;
    struct name channel = {announcement.source.channel, announcement.source.channel_len};
    if (!announcement.is_echoed && r->state == RECORDER_HOLDING && announcement.era == r->era) {
        queue_drop(&r->queue, announcement.ordinal);
        if (r->sent < announcement.ordinal)
            r->sent = announcement.ordinal;
    }
    if (!announcement.is_echoed || channel.len > sizeof r->echo_channel)
        return;
    r->is_echo_next = recorder_serves(r, channel);
    memcpy(r->echo_channel, channel.bytes, channel.len);
    r->echo_channel_len = channel.len;
    r->echo_payload_len = announcement.source.payload_len;
}

static void recorder_on_message(void *arg, const struct heard *heard)
{
    struct recorder *r = arg;
    if (heard->pattern.len == 0)
        recorder_hear_control(r, heard->payload);
    else if (name_is(heard->pattern, r->live))
        recorder_hear_live(r, heard);
    else
        recorder_hear_plain(r, heard);
}

/* --- the connections ---------------------------------------------------------------------------------------------- */

static void recorder_on_listener_up(void *arg)
{
    struct recorder *r = arg;
    const struct glob_list *channels = r->config.channels;
    r->is_echo_next = false;
    for (unsigned i = 0; i < channels->count; i++)
        listener_subscribe(r->listener, true, channels->globs[i], strlen(channels->globs[i]));
    listener_subscribe(r->listener, true, r->live, strlen(r->live));
    listener_subscribe(r->listener, false, r->control, strlen(r->control));
}

static void recorder_on_confirmed(void *arg, bool is_pattern, struct name name)
{
    struct recorder *r = arg;
    (void)name;
    if (is_pattern || r->state != RECORDER_AWAY)
        return;
    recorder_enter(r, RECORDER_WATCHING, "listening");
}

static void recorder_on_given_up(void *arg, uint64_t ticket, struct reply reply, struct seat_reply seat)
{
    (void)arg, (void)ticket, (void)reply, (void)seat; /* `vacant` was told to all, and the next word is somebody's */
}

static void recorder_on_listener_down(void *arg, const char *why)
{
    struct recorder *r = arg;
    bool held = r->state == RECORDER_HOLDING;
    recorder_enter(r, RECORDER_AWAY, why);
    if (held && caller_is_up(r->caller))
        caller_seat_leave(r->caller, r->node, recorder_on_given_up, r, 0);
}

static void recorder_on_caller_up(void *arg)
{
    struct recorder *r = arg;
    if (r->state == RECORDER_HOLDING)
        recorder_ask_last(r);
    else if (r->state == RECORDER_WATCHING)
        recorder_ask_seat(r);
}

static void recorder_on_caller_down(void *arg, const char *why)
{
    struct recorder *r = arg;
    (void)why;
    r->generation++;
    r->in_flight = 0;
    r->is_paused = true;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

struct recorder *recorder_new(struct loop *loop, const struct recorder_config *config)
{
    static const struct listener_events listener_events = {recorder_on_listener_up, recorder_on_listener_down,
                                                           recorder_on_confirmed, recorder_on_message};
    static const struct caller_events caller_events = {recorder_on_caller_up, recorder_on_caller_down};
    struct recorder *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->config = *config;
    random_token(r->node, sizeof r->node);
    snprintf(r->control, sizeof r->control, "%scontrol", config->redis->prefix);
    live_name(config->redis, "*", 1, r->live);
    queue_reset(&r->queue, 1);
    r->seat_timer = timer_new(loop, recorder_ask_seat, r);
    r->retry_timer = timer_new(loop, recorder_ask_last, r);
    r->leave_timer = timer_new(loop, recorder_give_up_seat, r);
    r->listener = listener_new(loop, config->redis, "recorder-live", &listener_events, r);
    r->caller = caller_new(loop, config->redis, "recorder-calls", &caller_events, r);
    if (!r->seat_timer || !r->retry_timer || !r->leave_timer || !r->listener || !r->caller) {
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
    r->state = RECORDER_AWAY;
    caller_free(r->caller);
    listener_free(r->listener);
    timer_free(r->seat_timer);
    timer_free(r->retry_timer);
    timer_free(r->leave_timer);
    queue_fini(&r->queue);
    free(r);
}
