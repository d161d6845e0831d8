/*
 * scribe.c - sends the queue in batches; if an outcome is uncertain, it starts again from the first unconfirmed
 * message.
 *
 *            scribe_send(true), scribe_number               answers
 *   QUIET ──────────────────────────────────► SENDING ───────────────► nothing queued: drained
 *     ▲                                        │   ▲
 *     │ scribe_send(false)         error, no   ▼   │ retry_timer, scribe_on_caller_up
 *     └────────────────── connection, refusal: UNSURE
 *
 * A refusal (STALE: another era; HOLE: the log ends before the oldest queued message) is for the owner to handle: it is
 * notified, again with each retry until it has done something about it.
 *
 * Answers to calls from before the last rewind or doubt carry an older generation and are ignored.
 */
#include "scribe.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "overload.h"
#include "queue.h"
#include "redis/caller.h"
#include "redis/complaint.h"
#include "redis/seat.h"
#include "words/marker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MAX 64 /* items per call */
#define BATCH_BYTES_MAX 262144
#define IN_FLIGHT_MAX 16 /* unanswered calls */
#define QUEUE_BYTES_MAX (256u << 20)
#define QUEUE_BYTES_LOW (QUEUE_BYTES_MAX / 4 * 3) /* once full, it accepts nothing until it has shrunk to this */
#define RETRY_MS 100
#define TELL_MS 1000

struct scribe {
    struct caller *caller;
    struct scribe_events events;
    void *arg;
    struct timer *retry_timer;
    struct queue queue;
    uint64_t era;      /* 0: not numbered */
    uint64_t recorded; /* the highest ordinal known to be recorded */
    bool sends;
    bool is_unsure;
    bool is_full;
    struct overload overload;
    struct complaint complaint; /* of the newest answer */
    unsigned in_flight;
    uint64_t generation;
    uint64_t told_ms; /* when `lost` was last logged */
    struct scribe_count count;
};

static void scribe_rewind(struct scribe *scribe)
{
    queue_rewind(&scribe->queue);
    scribe->generation++;
    scribe->in_flight = 0;
    scribe->is_unsure = false;
}

static void scribe_retry(void *arg)
{
    struct scribe *scribe = arg;
    scribe_rewind(scribe);
    scribe_flush(scribe);
}

static void scribe_doubt(struct scribe *scribe)
{
    scribe->generation++;
    scribe->in_flight = 0;
    scribe->is_unsure = true;
    timer_start(scribe->retry_timer, RETRY_MS);
}

/* --- receiving ---------------------------------------------------------------------------------------------------- */

void scribe_begin(struct scribe *scribe)
{
    queue_reset(&scribe->queue, 1);
    scribe->era = scribe->recorded = 0;
    scribe->sends = scribe->is_full = false;
    overload_end(&scribe->overload);
    scribe_rewind(scribe);
}

/* Is the next message recorded already? Another node can be faster than our pub/sub connection. */
static bool scribe_is_recorded(struct scribe *scribe)
{
    if (!scribe->era || scribe->queue.next > scribe->recorded)
        return false;
    CHECK(queue_is_empty(&scribe->queue));
    queue_reset(&scribe->queue, scribe->queue.next + 1);
    return true;
}

static bool scribe_has_room(struct scribe *scribe)
{
    size_t limit = scribe->is_full ? QUEUE_BYTES_LOW : QUEUE_BYTES_MAX;
    scribe->is_full = scribe->queue.bytes > limit;
    return !scribe->is_full;
}

/* Needs only a few bytes; without it all later ordinals would be wrong. */
static void scribe_pass_one(struct scribe *scribe)
{
    CHECK(queue_pass(&scribe->queue));
}

static void scribe_push_marker(struct scribe *scribe, enum gap_reason reason, struct bytes channel)
{
    char text[32 + CHANNEL_LEN_MAX];
    int len =
        snprintf(text, sizeof text, "%s" MARKER_BEGIN "%.*s", marker_event(reason), (int)channel.len, channel.data);
    if (!queue_push(&scribe->queue, (struct bytes){text, (size_t)len}, BYTES("")))
        scribe_pass_one(scribe);
}

static void scribe_push_loss(struct scribe *scribe, struct bytes channel)
{
    switch (overload_lose(&scribe->overload, channel)) {
    case OVERLOAD_CHANNEL:
        scribe_push_marker(scribe, GAP_OVERLOAD, channel);
        return;
    case OVERLOAD_ALL:
        if (queue_push(&scribe->queue, BYTES(MARKER_BEGIN "all"), BYTES("")))
            return;
        break;
    case OVERLOAD_MARKED:
        break;
    }
    scribe_pass_one(scribe);
}

static void scribe_lose(struct scribe *scribe, struct bytes channel)
{
    scribe->count.lost++;
    scribe_push_loss(scribe, channel);
    if (clock_is_due(&scribe->told_ms, TELL_MS))
        log_error("recorder_full",
                  "lost=%" PRIu64 " queued_bytes=%zu why=\"Redis records more slowly than others publish\"",
                  scribe->count.lost, scribe->queue.bytes);
}

void scribe_hear(struct scribe *scribe, struct bytes channel, struct bytes payload)
{
    if (scribe_is_recorded(scribe))
        return;
    if (!scribe_has_room(scribe) || !queue_push(&scribe->queue, channel, payload))
        scribe_lose(scribe, channel);
    else
        overload_end(&scribe->overload);
}

void scribe_mark(struct scribe *scribe, struct bytes channel, enum gap_reason reason)
{
    if (!scribe_is_recorded(scribe))
        scribe_push_marker(scribe, reason, channel);
}

void scribe_pass(struct scribe *scribe)
{
    if (!scribe_is_recorded(scribe))
        scribe_pass_one(scribe);
}

void scribe_number(struct scribe *scribe, uint64_t era, int64_t first)
{
    if (first < 1) {
        queue_drop(&scribe->queue, scribe->queue.first + (uint64_t)-first);
        first = 1;
    }
    queue_renumber(&scribe->queue, (uint64_t)first);
    scribe->era = era;
    scribe->recorded = 0;
    scribe_rewind(scribe);
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static void scribe_on_recorded(void *arg, uint64_t generation, struct reply reply, enum record_result result,
                               uint64_t last)
{
    struct scribe *scribe = arg;
    if (generation != scribe->generation)
        return;
    scribe->in_flight--;
    if (reply.status != REPLY_OK) {
        if (reply.status == REPLY_ERROR)
            complaint_hear(&scribe->complaint, "record_failed", reply.text);
        scribe_doubt(scribe);
        return;
    }
    complaint_end(&scribe->complaint);
    uint64_t confirmed = result == RECORD_STALE ? 0 : last;
    if (result == RECORD_STALE || confirmed + 1 < scribe->queue.first) {
        scribe_doubt(scribe);
        scribe->events.refused(scribe->arg);
        return;
    }
    scribe_drop(scribe, confirmed);
    if (result == RECORD_HOLE)
        scribe_rewind(scribe);
    scribe_flush(scribe);
}

static void scribe_send_batch(struct scribe *scribe)
{
    struct bytes channels[BATCH_MAX], payloads[BATCH_MAX];
    char spans[BATCH_MAX][24];
    unsigned count = 0;
    size_t bytes = 0;
    uint64_t first = scribe->queue.untaken;
    const struct item *item;
    while (count < BATCH_MAX && bytes < BATCH_BYTES_MAX && (item = queue_take(&scribe->queue))) {
        channels[count] = item_channel(item);
        payloads[count] = item_payload(item);
        if (item_is_passed(item)) {
            int len = snprintf(spans[count], sizeof spans[count], "%" PRIu64, item->span);
            payloads[count] = (struct bytes){spans[count], (size_t)len};
        }
        bytes += item->payload_len;
        count++;
    }
    scribe->in_flight++;
    caller_record(scribe->caller, scribe->era, first, channels, payloads, count, scribe_on_recorded, scribe,
                  scribe->generation);
}

void scribe_flush(struct scribe *scribe)
{
    while (scribe->sends && scribe->era && !scribe->is_unsure && scribe->in_flight < IN_FLIGHT_MAX &&
           scribe->queue.untaken < scribe->queue.next && caller_is_up(scribe->caller))
        scribe_send_batch(scribe);
}

void scribe_send(struct scribe *scribe, bool sends)
{
    if (sends && !scribe->sends)
        scribe_rewind(scribe);
    scribe->sends = sends;
    scribe_flush(scribe);
}

void scribe_drop(struct scribe *scribe, uint64_t ordinal)
{
    bool was_empty = queue_is_empty(&scribe->queue);
    size_t messages = scribe->queue.messages;
    if (ordinal > scribe->recorded)
        scribe->recorded = ordinal;
    queue_drop(&scribe->queue, ordinal);
    if (scribe->sends)
        scribe->count.recorded += messages - scribe->queue.messages;
    if (!was_empty && queue_is_empty(&scribe->queue))
        scribe->events.drained(scribe->arg);
}

/* A loss need not be one for every node: their queues are not equally full. */
static bool scribe_item_agrees(const struct item *item, const struct entry_source *entry)
{
    enum gap_reason reason;
    if (!item_is_message(item) || marker_parse(entry->event, &reason))
        return true;
    return bytes_equal(item_channel(item), entry->channel) && bytes_equal(item_payload(item), entry->payload);
}

bool scribe_agrees(struct scribe *scribe, uint64_t ordinal, const struct entry_source *entry)
{
    if (ordinal >= scribe->queue.next)
        return false; /* a message can't be recorded before we receive it: all nodes share one order */
    if (ordinal > 1)
        scribe_drop(scribe, ordinal - 1);
    const struct item *item = queue_oldest(&scribe->queue, ordinal);
    bool agrees = !item || scribe_item_agrees(item, entry);
    scribe_drop(scribe, ordinal);
    return agrees;
}

void scribe_on_caller_up(struct scribe *scribe)
{
    timer_stop(scribe->retry_timer);
    scribe_retry(scribe);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

bool scribe_is_empty(const struct scribe *scribe)
{
    return queue_is_empty(&scribe->queue);
}

bool scribe_sends(const struct scribe *scribe)
{
    return scribe->sends;
}

bool scribe_is_sound(const struct scribe *scribe)
{
    const struct queue *queue = &scribe->queue;
    bool is_exact = queue_is_empty(queue) ? queue->first == queue->next : queue->first > scribe->recorded;
    return is_exact && queue->taken <= queue->count && queue->first <= queue->untaken &&
           queue->untaken <= queue->next && scribe->in_flight <= IN_FLIGHT_MAX;
}

uint64_t scribe_era(const struct scribe *scribe)
{
    return scribe->era;
}

uint64_t scribe_first(const struct scribe *scribe)
{
    return scribe->queue.first;
}

uint64_t scribe_newest(const struct scribe *scribe)
{
    return scribe->queue.next - 1;
}

uint64_t scribe_length(const struct scribe *scribe)
{
    return queue_length(&scribe->queue);
}

const struct scribe_count *scribe_count(struct scribe *scribe)
{
    scribe->count.queued_bytes = scribe->queue.bytes;
    scribe->count.refusal = scribe->sends && !queue_is_empty(&scribe->queue) ? scribe->complaint.kind : 0;
    return &scribe->count;
}

struct scribe *scribe_new(struct loop *loop, struct caller *caller, const struct scribe_events *events, void *arg)
{
    struct scribe *scribe = calloc(1, sizeof *scribe);
    if (!scribe)
        return NULL;
    scribe->caller = caller;
    scribe->events = *events;
    scribe->arg = arg;
    scribe->retry_timer = timer_new(loop, scribe_retry, scribe);
    if (!scribe->retry_timer) {
        free(scribe);
        return NULL;
    }
    scribe_begin(scribe);
    return scribe;
}

void scribe_free(struct scribe *scribe)
{
    if (!scribe)
        return;
    timer_free(scribe->retry_timer);
    overload_end(&scribe->overload);
    queue_fini(&scribe->queue);
    free(scribe);
}
