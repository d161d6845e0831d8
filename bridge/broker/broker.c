/*
 * broker.c - the connections to Redis, the beat, publishing, and the end of each loop turn.
 *
 * Two connections: `listener` hears live announcements and the beat, `caller` publishes and reads.
 *
 * The beat: once a second Redis is asked to announce the newest position to this worker, on the listener's connection.
 * When it arrives, everything up to it has been heard. When it stays away, the listener is deaf, whatever TCP thinks:
 * the worker is not ready, and connects anew.
 *
 * The watermark: an entry may come in several copies (an exact channel and patterns), one behind the other. So when an
 * entry is heard, only what is before it is certain to have been heard on all feeds; a beat makes its own position
 * certain.
 */
#include "hub.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEAT_MS 1000
#define BEAT_LATE_MS 3000  /* without a word */
#define BEAT_LOST_MS 30000 /* without a beat, whatever else is heard */
#define READ_BYTES 16384
#define FRAME_BYTES 32 /* of a message from Redis, around what it carries; or a little more */
#define PUMP_MS 2      /* of a turn, for those who catch up */

/* --- hearing ------------------------------------------------------------------------------------------------------ */

static void broker_hear_beat(struct broker *broker, struct bytes payload)
{
    struct position position;
    if (!position_parse(payload, &position))
        return;
    broker->is_beating = false;
    broker->heard_beat_ms = clock_now_ms();
    broker->newest = position_max(broker->newest, position);
    broker->watermark = position_max(broker->watermark, position);
}

static void broker_hear_control(struct broker *broker, struct bytes payload)
{
    struct control_word word;
    if (!control_parse(payload, &word))
        return;
    switch (word.kind) {
    case CONTROL_RENEWED:
    case CONTROL_ERA:
        broker->heard_recorder_ms = clock_now_ms();
        return;
    case CONTROL_VACANT:
        broker->heard_recorder_ms = 0;
        return;
    case CONTROL_LOST:
        broker->is_lost = true;
        broker->has_void = true;
        broker->void_before = word.position;
        return;
    case CONTROL_GENESIS:
        broker->has_void = true;
        broker->void_before = word.position;
        return;
    case CONTROL_VACANT_STANDBY:
    case CONTROL_SYNC:
    case CONTROL_PLACE:
    case CONTROL_UNECHOED:
    case CONTROL_WHO:
        return;
    }
}

static void broker_on_asked(void *arg, uint64_t ticket, struct reply reply, struct position position)
{
    (void)arg, (void)ticket, (void)reply, (void)position; /* the answer is heard on control */
}

/* Does somebody record? He says so every second anyway; this makes a new worker ready at once. */
static void broker_ask_recorder(struct broker *broker)
{
    struct bytes control = bytes_of(broker->control_channel);
    if (broker->config.needs_recorder && listener_is_up(broker->listener) && caller_is_up(broker->caller))
        caller_publish_plain(broker->caller, control, CONTROL_WHO_TEXT, broker_on_asked, broker, 0);
}

/* The entry of an announcement; copies by overlapping subscriptions are one entry. NULL: no memory, or not fit. */
static struct entry *broker_entry(struct broker *broker, const struct entry_source *source)
{
    struct entry *last = broker->last_entry;
    if (last && !position_is_begin(source->position) && position_compare(last->position, source->position) == 0)
        return last;
    if (channel_name_error(source->channel, source->channel_len))
        return NULL;
    entry_unref(last);
    broker->last_entry = entry_new(source);
    return broker->last_entry;
}

static void broker_hear_position(struct broker *broker, struct position position)
{
    if (position_compare(position, broker->newest) <= 0)
        return;
    broker->watermark = position_max(broker->watermark, broker->newest);
    broker->newest = position;
}

static struct feed *broker_feed_of(struct broker *broker, const struct heard *heard, size_t skip)
{
    const struct bytes *name = heard->pattern.len ? &heard->pattern : &heard->channel;
    return name->len > skip ? feed_find(broker, name->data + skip, name->len - skip) : NULL;
}

static void broker_hear_entry(struct broker *broker, const struct heard *heard, const struct announcement *announcement)
{
    struct feed *feed = broker_feed_of(broker, heard, heard->channel.len - announcement->source.channel_len);
    broker_hear_position(broker, announcement->source.position);
    struct entry *entry = feed ? broker_entry(broker, &announcement->source) : NULL;
    if (!entry)
        return;
    broker->counters.entries_heard++;
    feed_hear(feed, entry);
}

/* A plain message on a channel without history. */
static void broker_hear_plain(struct broker *broker, const struct heard *heard)
{
    struct feed *feed = broker_feed_of(broker, heard, 0);
    if (!feed || !feed->is_ephemeral || names_is_internal(broker->config.redis, heard->channel))
        return;
    if (heard->payload.len > broker->config.redis->max_payload)
        return;
    struct entry_source source = {.channel = heard->channel.data,
                                  .channel_len = heard->channel.len,
                                  .event = "",
                                  .from = "",
                                  .payload = heard->payload.data,
                                  .payload_len = heard->payload.len};
    struct entry *entry = broker_entry(broker, &source);
    if (entry)
        feed_hear(feed, entry);
}

static void broker_on_message(void *arg, const struct heard *heard)
{
    struct broker *broker = arg;
    struct announcement announcement;
    broker->heard++;
    broker->heard_bytes += heard->pattern.len + heard->channel.len + heard->payload.len + FRAME_BYTES;
    if (bytes_is(heard->channel, broker->beat_channel))
        broker_hear_beat(broker, heard->payload);
    else if (bytes_is(heard->channel, broker->control_channel) && !heard->pattern.len)
        broker_hear_control(broker, heard->payload);
    else if (live_parse(broker->config.redis, heard, &announcement))
        broker_hear_entry(broker, heard, &announcement);
    else
        broker_hear_plain(broker, heard);
}

/* --- the connections ---------------------------------------------------------------------------------------------- */

static void broker_send_beat(struct broker *broker);

/* Both may be heard from now on: do not wait for the next second. */
static void broker_begin(struct broker *broker)
{
    broker_send_beat(broker);
    broker_ask_recorder(broker);
}

/* Is Redis still the one that we know? */
static void broker_witness(struct broker *broker)
{
    const struct entry *entry = broker->last_entry;
    if (!position_is_begin(broker->newest))
        caller_witness(broker->caller, broker->newest, (struct bytes){0});
    if (entry && !position_is_begin(entry->position))
        caller_witness(broker->caller, entry->position, (struct bytes){entry->channel, entry->channel_len});
}

static void broker_on_listener_up(void *arg)
{
    struct broker *broker = arg;
    struct feed *feed, *next;
    broker->up_ms = clock_now_ms();
    broker->heard_beat_ms = broker->heard_recorder_ms = 0;
    broker_witness(broker);
    listener_subscribe(broker->listener, false, bytes_of(broker->beat_channel));
    listener_subscribe(broker->listener, false, bytes_of(broker->control_channel));
    HASH_ITER (by_name, broker->feeds, feed, next)
        feed_join(feed);
}

static void broker_on_listener_down(void *arg, const char *why)
{
    struct broker *broker = arg;
    struct feed *feed, *next;
    (void)why;
    broker->counters.links_lost++;
    HASH_ITER (by_name, broker->feeds, feed, next)
        feed_settle(feed);
    HASH_ITER (by_name, broker->feeds, feed, next)
        feed_away(feed);
}

/* feed->name of a subscription's name; the internal channels have no feed. */
static void broker_on_confirmed(void *arg, bool is_pattern, struct bytes name)
{
    struct broker *broker = arg;
    struct bytes of = name;
    (void)is_pattern;
    if (bytes_is(name, broker->control_channel)) {
        broker_begin(broker);
        return;
    }
    if (!names_live_of(broker->config.redis, name, &of))
        of = name;
    struct feed *feed = feed_find(broker, of.data, of.len);
    if (feed)
        feed_confirmed(feed);
}

static void broker_sweep_feeds(struct broker *broker)
{
    struct feed_list tended = TAILQ_HEAD_INITIALIZER(tended);
    struct feed *feed;
    uint64_t now = clock_now_ms();
    TAILQ_CONCAT(&tended, &broker->tended, in_tended);
    while ((feed = TAILQ_FIRST(&tended))) {
        TAILQ_REMOVE(&tended, feed, in_tended);
        TAILQ_INSERT_TAIL(&broker->tended, feed, in_tended);
        feed_sweep(feed, now);
    }
}

static void broker_on_caller_up(void *arg)
{
    struct broker *broker = arg;
    struct feed *feed, *next;
    broker_witness(broker); /* before anything is read */
    broker_begin(broker);
    broker_sweep_feeds(broker);
    HASH_ITER (by_name, broker->feeds, feed, next)
        feed_wake_unstarted(feed);
}

static void broker_on_caller_down(void *arg, const char *why)
{
    struct broker *broker = arg;
    (void)why;
    broker->is_beating = false;
}

/* --- the beat ----------------------------------------------------------------------------------------------------- */

static void broker_on_beat_sent(void *arg, uint64_t ticket, struct reply reply, struct position position)
{
    struct broker *broker = arg;
    (void)ticket, (void)position;
    if (reply.status == REPLY_OK) {
        broker->answered_beat_ms = clock_now_ms();
        return;
    }
    broker->is_beating = false;
    if (reply.status == REPLY_ERROR)
        log_warn("beat_failed", "why=\"%s\"", LOG_TEXT(reply.text, strlen(reply.text)));
}

static void broker_send_beat(struct broker *broker)
{
    if (!caller_is_up(broker->caller) || !listener_is_up(broker->listener))
        return;
    broker->is_beating = true;
    caller_beat(broker->caller, broker->worker, broker_on_beat_sent, broker, 0);
}

void broker_hurry(struct broker *broker)
{
    if (!broker->is_beating)
        broker_send_beat(broker);
}

/* The last beat, or where none came since then, when the listener came up. */
static uint64_t broker_last_beat(const struct broker *broker)
{
    return broker->heard_beat_ms > broker->up_ms ? broker->heard_beat_ms : broker->up_ms;
}

/*
 * Is Redis heard? A beat may be late because it is behind much else on the same connection, so for a while
 * anything counts; but only the beat proves that this is the Redis which the caller talks to.
 */
static bool broker_hears(const struct broker *broker)
{
    uint64_t now = clock_now_ms(), beat = broker_last_beat(broker);
    uint64_t any = broker->heard > 0 ? now : broker->heard_ms > beat ? broker->heard_ms : beat;
    return now - any <= BEAT_LATE_MS && now - beat <= BEAT_LOST_MS;
}

static void broker_on_beat_due(void *arg)
{
    struct broker *broker = arg;
    uint64_t now = clock_now_ms();
    timer_start(broker->beat, BEAT_MS);
    /* Deaf is who does not hear what Redis says that it announced; a caller that hangs is another matter. */
    bool is_deaf = !broker_hears(broker) && broker->answered_beat_ms > broker_last_beat(broker) + BEAT_MS;
    if (listener_is_up(broker->listener) && caller_is_up(broker->caller) && is_deaf) {
        broker->up_ms = now;
        listener_restart(broker->listener, "no beat was heard");
    }
    broker_send_beat(broker);
    broker_sweep_feeds(broker);
}

/* --- the end of a turn -------------------------------------------------------------------------------------------- */

/* Redis was flushed, or lost something: those who come back with a cursor from before are to be told, not served from memory. */
static void broker_forget(struct broker *broker)
{
    struct feed *feed, *next;
    if (!broker->has_void)
        return;
    HASH_ITER (by_name, broker->feeds, feed, next)
        feed_forget(feed, broker->void_before);
    broker->has_void = broker->is_lost = false;
}

/*
 * hiredis reads 16 KiB at a time. Where a read brought about that much there may be more, and what a turn brings goes out
 * in one write: so take what is there, up to what makes a good write and what the tails hold.
 */
static void broker_hear_more(struct broker *broker)
{
    size_t enough_bytes = broker->config.tail_bytes / 16, before = 0;
    while (broker->heard_bytes - before >= READ_BYTES * 3 / 4 && broker->heard_bytes < enough_bytes &&
           broker->heard < broker->config.tail_entries / 4) {
        before = broker->heard_bytes;
        listener_hear_more(broker->listener);
    }
    if (broker->heard > 0) {
        broker->heard_ms = clock_now_ms();
        broker->has_news = true;
    }
    broker->heard = 0;
    broker->heard_bytes = 0;
}

static void broker_pump_live(struct broker *broker)
{
    struct feed *feed;
    while ((feed = TAILQ_FIRST(&broker->dirty))) {
        TAILQ_REMOVE(&broker->dirty, feed, in_dirty);
        feed->is_dirty = false;
        pump_fresh(feed);
        feed_count_tail(feed);
    }
}

/* With many channels, those that are quiet keep nothing. */
static void broker_limit_tails(struct broker *broker)
{
    while (broker->tail_bytes > broker->config.tails_bytes)
        feed_drop_tail(TAILQ_FIRST(&broker->tailed));
}

/*
 * Those that the pump puts back are for the next turn, so that sockets and Redis are looked at in between; and where
 * there are many, those that this turn has no time for: nobody who is live waits for those who catch up.
 */
static void broker_pump_behind(struct broker *broker)
{
    struct subscriber_list behind = TAILQ_HEAD_INITIALIZER(behind);
    struct subscriber *s;
    TAILQ_CONCAT(&behind, &broker->behind, in_behind);
    while ((s = TAILQ_FIRST(&behind)) && clock_now_ms() - broker->turn_ms <= PUMP_MS) {
        TAILQ_REMOVE(&behind, s, in_behind);
        TAILQ_INSERT_TAIL(&broker->behind, s, in_behind);
        pump(s);
    }
    if (!s)
        broker->has_news = false;
    else if (broker->has_news)
        loop_again(broker->loop);
    TAILQ_CONCAT(&behind, &broker->behind, in_behind);
    TAILQ_CONCAT(&broker->behind, &behind, in_behind);
}

static void broker_on_turn_end(void *arg)
{
    struct broker *broker = arg;
    struct feed *feed;
    struct subscriber *s;
    broker_hear_more(broker);
    broker->is_walking = true;
    broker_pump_live(broker);
    broker->turn_ms = clock_now_ms();
    broker_pump_behind(broker);
    broker->is_walking = false;
    broker->flushed = broker->watermark;
    broker_forget(broker);
    broker_limit_tails(broker);

    if (caller_is_up(broker->caller))
        while ((feed = TAILQ_FIRST(&broker->wanted))) {
            TAILQ_REMOVE(&broker->wanted, feed, in_wanted);
            feed->is_wanted = false;
            feed_read(feed);
        }
    TAILQ_FOREACH (s, &broker->behind, in_behind)
        if (!s->is_at_horizon) {
            loop_again(broker->loop);
            break;
        }
}

/* --- publishing --------------------------------------------------------------------------------------------------- */

struct publishing {
    struct broker *broker;
    publish_fn fn;
    void *arg;
    uint64_t ticket;
};

enum answer broker_answer(struct reply reply)
{
    switch (reply.status) {
    case REPLY_OK:
        return ANSWER_OK;
    case REPLY_DOWN:
        return ANSWER_UNAVAILABLE;
    case REPLY_ERROR:
        break;
    }
    static const char *const transient[] = {"LOADING",     "BUSY", "MASTERDOWN", "READONLY",  "TRYAGAIN",
                                            "CLUSTERDOWN", "OOM",  "MISCONF",    "NOREPLICAS"};
    for (size_t i = 0; i < sizeof transient / sizeof *transient; i++)
        if (strncmp(reply.text, transient[i], strlen(transient[i])) == 0)
            return ANSWER_UNAVAILABLE;
    return strstr(reply.text, "Function not found") ? ANSWER_UNAVAILABLE : ANSWER_REFUSED;
}

static void broker_on_published(void *arg, uint64_t ticket, struct reply reply, struct position position)
{
    struct publishing *publishing = arg;
    (void)ticket;
    publishing->broker->publishing--;
    if (!publishing->broker->is_freeing)
        publishing->fn(publishing->arg, publishing->ticket, broker_answer(reply), position, reply.text);
    free(publishing);
}

void broker_publish(struct broker *broker, const struct publish_request *request, publish_fn fn, void *arg,
                    uint64_t ticket)
{
    struct publishing *publishing = malloc(sizeof *publishing);
    CHECK(publishing);
    *publishing = (struct publishing){broker, fn, arg, ticket};
    broker->publishing++;
    struct publication publication = {
        .channel = {request->channel, request->channel_len},
        .payload = {request->payload, request->payload_len},
        .event = {request->event, request->event_len},
        .from = {request->from, request->from_len},
        .key = {request->key, request->key_len},
    };
    if (glob_list_match(broker->config.ephemeral, request->channel, request->channel_len) >= 0)
        caller_publish_plain(broker->caller, publication.channel, publication.payload, broker_on_published, publishing,
                             0);
    else
        caller_publish(broker->caller, &publication, broker_on_published, publishing, 0);
}

unsigned broker_publishing(const struct broker *broker)
{
    return broker->publishing;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

/* What is wrong with the connections; "" where they are up. */
static const char *broker_trouble(const struct broker *broker)
{
    const char *trouble = "";
    if (!listener_is_up(broker->listener))
        trouble = listener_trouble(broker->listener);
    if (!*trouble && !caller_is_up(broker->caller))
        trouble = caller_trouble(broker->caller);
    bool is_up = listener_is_up(broker->listener) && caller_is_up(broker->caller);
    return *trouble || is_up ? trouble : "connecting";
}

/* Why plain messages might not be heard or not be recorded, though the connections are up. */
static const char *broker_doubt(const struct broker *broker)
{
    uint64_t now = clock_now_ms();
    if (!broker->heard_beat_ms || !broker_hears(broker))
        return "Redis has not been heard for some seconds";
    if (broker->config.needs_recorder && (!broker->heard_recorder_ms || now - broker->heard_recorder_ms > BEAT_LATE_MS))
        return "no recorder is at work, so plain PUBLISH would be lost";
    return "";
}

void broker_status(const struct broker *broker, struct broker_status *out)
{
    *out = broker->counters;
    const char *trouble = broker_trouble(broker);
    if (*trouble)
        snprintf(out->reason, sizeof out->reason, "Redis is away: %s", trouble);
    else
        snprintf(out->reason, sizeof out->reason, "%s", broker_doubt(broker));
    out->is_ready = !*out->reason;
    out->watermark = broker->watermark;
    out->feeds = HASH_CNT(by_name, broker->feeds);
}

struct broker *broker_new(struct loop *loop, const struct broker_config *config)
{
    static const struct listener_events listener_events = {broker_on_listener_up, broker_on_listener_down,
                                                           broker_on_confirmed, broker_on_message};
    static const struct caller_events caller_events = {broker_on_caller_up, broker_on_caller_down};
    struct broker *broker = calloc(1, sizeof *broker);
    if (!broker)
        return NULL;
    broker->config = *config;
    broker->loop = loop;
    TAILQ_INIT(&broker->dirty);
    TAILQ_INIT(&broker->wanted);
    TAILQ_INIT(&broker->tended);
    TAILQ_INIT(&broker->tailed);
    TAILQ_INIT(&broker->behind);
    random_token(broker->worker, sizeof broker->worker);
    names_beat(config->redis, broker->worker, broker->beat_channel);
    names_control(config->redis, broker->control_channel);
    broker->beat = timer_new(loop, broker_on_beat_due, broker);
    broker->listener = listener_new(loop, config->redis, "live", &listener_events, broker);
    broker->caller = caller_new(loop, config->redis, "calls", &caller_events, broker);
    if (!broker->beat || !broker->listener || !broker->caller) {
        broker_free(broker);
        return NULL;
    }
    timer_start(broker->beat, BEAT_MS);
    loop_on_turn_end(loop, broker_on_turn_end, broker);
    return broker;
}

void broker_free(struct broker *broker)
{
    if (!broker)
        return;
    CHECK(broker->counters.subscribers == 0);
    broker->is_freeing = true;
    caller_free(broker->caller);
    listener_free(broker->listener);
    timer_free(broker->beat);
    struct feed *feed, *next;
    HASH_ITER (by_name, broker->feeds, feed, next)
        feed_free(feed);
    entry_unref(broker->last_entry);
    buffer_fini(&broker->scratch);
    free(broker);
}
