/*
 * shard.c - a message from Redis is an entry, a beat, a control word, or a plain message on a channel without history.
 */
#include "shard.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "redis/beat.h"
#include "redis/control.h"
#include "redis/internal.h"
#include "redis/live.h"
#include "redis/publish.h"
#include "redis/remedy.h"
#include "words/glob.h"

#include <stdio.h>
#include <string.h>

#define BEAT_MS 1000
#define BEAT_LATE_MS 3000  /* without any message, or without one from a recorder */
#define BEAT_LOST_MS 30000 /* without a beat, whatever else is received */
#define READ_BYTES 16384
#define CLOCKS_APART_MS 60000 /* how far the shards' clocks may be apart */
#define FRAME_BYTES 32        /* the protocol's overhead per message, rounded up */

/* --- receiving ---------------------------------------------------------------------------------------------------- */

static void shard_hear_beat(struct shard *shard, struct bytes payload)
{
    struct position position;
    if (!position_parse(payload, &position))
        return;
    shard->is_beating = false;
    shard->heard_beat_ms = clock_now_ms();
    shard->newest = position_max(shard->newest, position);
    shard->watermark = position_max(shard->watermark, position);
}

static void shard_hear_void(struct shard *shard, struct position before, bool is_lost)
{
    shard->has_void = true;
    shard->is_lost = shard->is_lost || is_lost;
    shard->void_before = before;
}

static void shard_hear_control(struct shard *shard, struct bytes payload)
{
    struct control_word word;
    if (!control_parse(payload, &word))
        return;
    switch (word.kind) {
    case CONTROL_RENEWED:
    case CONTROL_ERA:
        shard->heard_recorder_ms = clock_now_ms();
        return;
    case CONTROL_VACANT:
        shard->heard_recorder_ms = 0;
        return;
    case CONTROL_LOST:
    case CONTROL_GENESIS:
        shard_hear_void(shard, word.position, word.kind == CONTROL_LOST);
        return;
    case CONTROL_VACANT_STANDBY:
    case CONTROL_SYNC:
    case CONTROL_PLACE:
    case CONTROL_UNECHOED:
    case CONTROL_WHO:
        return;
    }
}

/* The entry of an announcement; copies by overlapping subscriptions share it. NULL: no memory, or an invalid name. */
static struct entry *shard_entry(struct shard *shard, const struct entry_source *source)
{
    struct entry *last = shard->last_entry;
    if (last && !position_is_begin(source->position) && position_compare(last->position, source->position) == 0)
        return last;
    if (channel_name_error(source->channel.data, source->channel.len))
        return NULL;
    entry_unref(last);
    shard->last_entry = entry_new(source);
    return shard->last_entry;
}

static void shard_hear_position(struct shard *shard, struct position position)
{
    if (position_compare(position, shard->newest) <= 0)
        return;
    shard->watermark = position_max(shard->watermark, shard->newest);
    shard->newest = position;
}

/* The source that a message came by; its name starts after `skip` bytes. NULL: there is none any more. */
static struct source *shard_source_of(struct shard *shard, const struct heard *heard, size_t skip)
{
    const struct bytes *name = heard->pattern.len ? &heard->pattern : &heard->channel;
    if (name->len <= skip)
        return NULL;
    return source_find(&shard->sources, (struct bytes){name->data + skip, name->len - skip});
}

static void shard_hear_entry(struct shard *shard, const struct heard *heard, const struct announcement *announcement)
{
    size_t skip = heard->channel.len - announcement->source.channel.len;
    struct source *source = shard_source_of(shard, heard, skip);
    shard_hear_position(shard, announcement->source.position);
    struct entry *entry = source ? shard_entry(shard, &announcement->source) : NULL;
    if (!entry)
        return;
    shard->broker->counters.entries_heard++;
    source_hear(source, entry);
}

/* A plain message on a channel without history. */
static void shard_hear_plain(struct shard *shard, const struct heard *heard)
{
    struct source *source = shard_source_of(shard, heard, 0);
    if (!source || !source->is_plain || internal_is(shard->redis, heard))
        return;
    if (heard->payload.len > shard->redis->max_payload) {
        shard->broker->counters.ephemeral_refused++;
        return;
    }
    struct entry_source plain = {.channel = heard->channel, .payload = heard->payload};
    struct entry *entry = shard_entry(shard, &plain);
    if (entry)
        source_hear(source, entry);
}

static void shard_on_message(void *arg, const struct heard *heard)
{
    struct shard *shard = arg;
    struct announcement announcement;
    shard->heard++;
    shard->heard_bytes += heard->pattern.len + heard->channel.len + heard->payload.len + FRAME_BYTES;
    if (bytes_is(heard->channel, shard->beat_channel))
        shard_hear_beat(shard, heard->payload);
    else if (bytes_is(heard->channel, shard->control_channel) && !heard->pattern.len)
        shard_hear_control(shard, heard->payload);
    else if (live_parse(shard->redis, heard, &announcement))
        shard_hear_entry(shard, heard, &announcement);
    else
        shard_hear_plain(shard, heard);
}

void shard_hear_more(struct shard *shard)
{
    const struct broker_config *config = &shard->broker->config;
    size_t enough_bytes = config->tail_bytes / 16, before = 0;
    while (shard->heard_bytes - before >= READ_BYTES * 3 / 4 && shard->heard_bytes < enough_bytes &&
           shard->heard < config->tail_entries / 4) {
        before = shard->heard_bytes;
        listener_hear_more(shard->listener);
    }
    if (shard->heard > 0) {
        shard->heard_ms = clock_now_ms();
        shard->has_news = true;
    }
    shard->heard = 0;
    shard->heard_bytes = 0;
}

void shard_flushed(struct shard *shard)
{
    shard->flushed = shard->watermark;
}

struct position shard_place(const struct shard *shard, const struct cursor *cursor, bool *is_exact)
{
    const struct broker_config *config = &shard->broker->config;
    bool is_ours = cursor->count > 0 && cursor->layout == config->layout;
    struct position place = is_ours ? cursor_place(cursor, shard->index) : cursor->base;
    *is_exact = config->shard_count == 1 || position_compare(place, cursor->base) != 0;
    return place;
}

bool shard_is_moment(struct position place)
{
    return place.ms <= clock_wall_ms() + CLOCKS_APART_MS;
}

/* --- the beat ----------------------------------------------------------------------------------------------------- */

bool shard_is_up(const struct shard *shard)
{
    return listener_is_up(shard->listener) && caller_is_up(shard->caller);
}

static void shard_on_beat_sent(void *arg, uint64_t ticket, struct reply reply, struct position position)
{
    struct shard *shard = arg;
    (void)ticket, (void)position;
    if (reply.status == REPLY_OK) {
        shard->answered_beat_ms = clock_now_ms();
        shard->well_ms = shard->well_ms ? shard->well_ms : shard->answered_beat_ms;
        complaint_end(&shard->no_beat);
        return;
    }
    shard->is_beating = false;
    shard->well_ms = 0;
    if (reply.status == REPLY_ERROR)
        complaint_hear(&shard->no_beat, "beat_failed", reply.text);
}

static void shard_on_probed(void *arg, uint64_t ticket, struct reply reply)
{
    struct shard *shard = arg;
    (void)ticket;
    if (reply.status == REPLY_OK)
        complaint_end(&shard->no_record);
    else if (reply.status == REPLY_ERROR)
        complaint_hear(&shard->no_record, "publish_refused", reply.text);
}

static void shard_send_probe(struct shard *shard)
{
    if (shard_is_up(shard))
        caller_probe(shard->caller, shard_on_probed, shard, 0);
}

static void shard_send_beat(struct shard *shard)
{
    if (!shard_is_up(shard))
        return;
    shard->is_beating = true;
    caller_beat(shard->caller, shard->worker, shard_on_beat_sent, shard, 0);
}

bool shard_is_well_since(const struct shard *shard, uint64_t since_ms)
{
    return shard->well_ms != 0 && shard->well_ms <= since_ms;
}

void shard_hurry(struct shard *shard)
{
    if (!shard->is_beating)
        shard_send_beat(shard);
}

/* When the last beat came, or, if none has come since then, when the listener came up. */
static uint64_t shard_last_beat(const struct shard *shard)
{
    return shard->heard_beat_ms > shard->up_ms ? shard->heard_beat_ms : shard->up_ms;
}

/*
 * Does the listener still receive? A beat may be late because other messages on the same connection are in front of it,
 * so for a while any message counts; but only a beat proves that listener and caller talk to the same Redis.
 */
static bool shard_hears(const struct shard *shard)
{
    uint64_t now = clock_now_ms(), beat = shard_last_beat(shard);
    uint64_t any = shard->heard > 0 ? now : shard->heard_ms > beat ? shard->heard_ms : beat;
    return now - any <= BEAT_LATE_MS && now - beat <= BEAT_LOST_MS;
}

static void shard_on_beat_due(void *arg)
{
    struct shard *shard = arg;
    timer_start(shard->beat, BEAT_MS);
    /* The listener is deaf only if a beat that Redis confirmed did not arrive; without that, the caller may hang. */
    bool is_deaf = !shard_hears(shard) && shard->answered_beat_ms > shard_last_beat(shard) + BEAT_MS;
    if (shard_is_up(shard) && is_deaf) {
        shard->up_ms = clock_now_ms();
        listener_restart(shard->listener, "no beat was received");
    }
    shard_send_beat(shard);
    shard_send_probe(shard);
    shard->events->tick(shard);
}

/* --- the connections ---------------------------------------------------------------------------------------------- */

static void shard_on_asked(void *arg, uint64_t ticket, struct reply reply, struct position position)
{
    (void)arg, (void)ticket, (void)reply, (void)position; /* the recorder answers on the control channel */
}

/* Is a recorder active? It reports regularly anyway; asking makes a new worker ready at once. */
static void shard_ask_recorder(struct shard *shard)
{
    if (!shard->broker->config.needs_recorder || !shard_is_up(shard))
        return;
    char who[sizeof CONTROL_WHO_WORD + sizeof shard->worker];
    snprintf(who, sizeof who, CONTROL_WHO_WORD " %s", shard->worker);
    caller_publish_plain(shard->caller, bytes_of(shard->control_channel), bytes_of(who), shard_on_asked, shard, 0);
}

/* The beat and the recorder's report can be received from now on: do not wait for the next second. */
static void shard_begin(struct shard *shard)
{
    shard_send_beat(shard);
    shard_send_probe(shard);
    shard_ask_recorder(shard);
}

/* Have Redis check whether it still has what this worker received last. */
static void shard_witness(struct shard *shard)
{
    const struct entry *entry = shard->last_entry;
    if (!position_is_begin(shard->newest))
        caller_witness(shard->caller, shard->newest, (struct bytes){0});
    if (entry && !position_is_begin(entry->position))
        caller_witness(shard->caller, entry->position, (struct bytes){entry->channel, entry->channel_len});
}

static void shard_on_listener_up(void *arg)
{
    struct shard *shard = arg;
    shard->up_ms = clock_now_ms();
    shard->heard_beat_ms = shard->heard_recorder_ms = 0;
    names_beat(shard->redis, shard->worker, shard->beat_channel);
    names_control(shard->redis, shard->control_channel);
    shard_witness(shard);
    listener_subscribe_aware(shard->listener, shard->redis);
    listener_subscribe(shard->listener, false, bytes_of(shard->beat_channel));
    listener_subscribe(shard->listener, false, bytes_of(shard->control_channel));
    sources_up(&shard->sources);
}

static void shard_on_listener_down(void *arg, const char *why)
{
    struct shard *shard = arg;
    (void)why;
    shard->well_ms = 0;
    shard->broker->counters.links_lost++;
    shard->events->going(shard);
    sources_down(&shard->sources);
}

static void shard_on_confirmed(void *arg, bool is_pattern, struct bytes name)
{
    struct shard *shard = arg;
    (void)is_pattern;
    if (bytes_is(name, shard->control_channel))
        shard_begin(shard);
    else
        source_confirm(&shard->sources, name);
}

static void shard_on_caller_up(void *arg)
{
    struct shard *shard = arg;
    shard_witness(shard); /* before anything is read */
    shard_begin(shard);
    shard->events->asked(shard);
}

static void shard_on_caller_down(void *arg, const char *why)
{
    struct shard *shard = arg;
    shard->is_beating = false;
    shard->well_ms = 0;
    if (strcmp(why, CALLER_READONLY) == 0)
        listener_restart(shard->listener, CALLER_READONLY); /* both go to the same server */
}

/* --- status ------------------------------------------------------------------------------------------------------- */

/* What is wrong with the connections; "" if they are up. */
static const char *shard_link_trouble(const struct shard *shard)
{
    const char *trouble = "";
    if (!listener_is_up(shard->listener))
        trouble = listener_trouble(shard->listener);
    if (!*trouble && !caller_is_up(shard->caller))
        trouble = caller_trouble(shard->caller);
    return *trouble || shard_is_up(shard) ? trouble : "connecting";
}

/* Why messages might not be received or not be recorded, although the connections are up; "" if they are. */
static const char *shard_doubt(const struct shard *shard)
{
    uint64_t now = clock_now_ms();
    if (!shard->heard_beat_ms || !shard_hears(shard))
        return "no recent beat from Redis, so messages may not be arriving";
    if (shard->broker->config.needs_recorder &&
        (!shard->heard_recorder_ms || now - shard->heard_recorder_ms > BEAT_LATE_MS))
        return "no recorder is active, so messages sent with plain PUBLISH would be lost";
    return "";
}

/* Anybody may read this, so it has nothing of what Redis or the network answered; the log has that. */
void shard_trouble(const struct shard *shard, char *out, size_t size)
{
    const char *away = shard_link_trouble(shard);
    unsigned refusal = shard->no_record.kind ? shard->no_record.kind : shard->no_beat.kind;
    if (*away)
        snprintf(out, size, "Redis is away: %s", remedy_words(remedy_kind(away)));
    else if (refusal)
        snprintf(out, size, "Redis records nothing: %s", remedy_words(refusal));
    else
        snprintf(out, size, "%s", shard_doubt(shard));
}

/* --- life --------------------------------------------------------------------------------------------------------- */

bool shard_init(struct shard *shard, struct broker *broker, unsigned index, const struct shard_events *events)
{
    static const struct listener_events listener_events = {shard_on_listener_up, shard_on_listener_down,
                                                           shard_on_confirmed, shard_on_message};
    static const struct caller_events caller_events = {shard_on_caller_up, shard_on_caller_down};
    const struct redis_config *redis = &broker->config.redis[index];
    *shard = (struct shard){.broker = broker, .index = index, .redis = redis, .events = events};
    TAILQ_INIT(&shard->tended);
    TAILQ_INIT(&shard->at_horizon);
    random_token(shard->worker, sizeof shard->worker);
    shard->beat = timer_new(broker->loop, shard_on_beat_due, shard);
    shard->listener = listener_new(broker->loop, redis, "live", &listener_events, shard);
    shard->caller = caller_new(broker->loop, redis, "calls", &caller_events, shard);
    shard->sources = (struct sources){.listener = shard->listener, .redis = redis};
    if (!shard->beat || !shard->listener || !shard->caller)
        return false;
    timer_start(shard->beat, BEAT_MS);
    return true;
}

void shard_fini(struct shard *shard)
{
    caller_free(shard->caller);
    listener_free(shard->listener);
    timer_free(shard->beat);
    sources_fini(&shard->sources);
    entry_unref(shard->last_entry);
}
