/*
 * queue.h - received messages by ordinal, until they are known to be recorded.
 *
 * Promise   Ordinals are dense: the queue holds first, first + 1, … without a hole. An ordinal either has a message, or
 *           is passed over: it counts, but nothing is recorded for it. A run of passed-over ordinals is one item.
 * Owns      its items.
 */
#ifndef RECORDER_QUEUE_H
#define RECORDER_QUEUE_H

#include "base/check.h"
#include "words/glob.h"
#include "words/marker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct item {
    uint64_t span; /* ordinals: 1 for a message, 1 or more if passed over */
    size_t channel_len;
    size_t payload_len;
    char bytes[]; /* channel, payload; both empty if passed over; for a loss, what record() takes for its channel */
};

struct queue {
    struct item **ring; /* NULL until the first push */
    size_t cap;         /* slots in the ring: a power of two */
    size_t start;       /* the slot of the oldest item */
    size_t count;       /* items */
    size_t messages;    /* items that are messages, not passed over or lost */
    size_t taken;       /* how many items queue_take() has returned since the last rewind */
    size_t bytes;       /* memory that the items take */
    uint64_t first;     /* the oldest ordinal; equal to `next` if empty */
    uint64_t next;      /* the ordinal of the next message to arrive */
    uint64_t untaken;   /* the first ordinal that queue_take() has not returned */
};

/* Empty the queue; `next` is the next ordinal. */
void queue_reset(struct queue *queue, uint64_t next);
void queue_fini(struct queue *queue);

/* Copy a message to the end. false: no memory, nothing changed. */
MUST_CHECK bool queue_push(struct queue *queue, struct bytes channel, struct bytes payload);
/* Pass over the next ordinal. false: no memory, nothing changed. */
MUST_CHECK bool queue_pass(struct queue *queue);
/* Drop everything up to and including this ordinal. */
void queue_drop(struct queue *queue, uint64_t ordinal);
/* Give what is queued the ordinals from `first` on, and rewind. */
void queue_renumber(struct queue *queue, uint64_t first);

/* The next item not taken yet; it begins with the ordinal queue.untaken, which then advances. NULL: there is none.
 * Borrowed until it is dropped. */
const struct item *queue_take(struct queue *queue);
/* queue_take() starts again with the oldest item. */
void queue_rewind(struct queue *queue);

/* The oldest item if it begins with this ordinal, else NULL. */
const struct item *queue_oldest(const struct queue *queue, uint64_t ordinal);

static inline bool queue_is_empty(const struct queue *queue)
{
    return queue->count == 0;
}

/* How many ordinals it holds. */
static inline uint64_t queue_length(const struct queue *queue)
{
    return queue->next - queue->first;
}

/* Does it stand for a loss (see scribe_mark)? */
static inline bool item_is_loss(const struct item *item)
{
    return item->channel_len > 0 && item->bytes[0] == MARKER_BEGIN[0];
}

static inline bool item_is_passed(const struct item *item)
{
    return item->channel_len == 0;
}

static inline bool item_is_message(const struct item *item)
{
    return !item_is_passed(item) && !item_is_loss(item);
}

static inline struct bytes item_channel(const struct item *item)
{
    return (struct bytes){item->bytes, item->channel_len};
}

static inline struct bytes item_payload(const struct item *item)
{
    return (struct bytes){item->bytes + item->channel_len, item->payload_len};
}

#endif
