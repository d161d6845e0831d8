/*
 * queue.h - what was heard, by ordinal, until it is known to be recorded.
 *
 * Promise   Ordinals are dense: the queue holds first, first + 1, … without a hole. An ordinal is a message, or it is
 *           passed over: it counts, and nothing is recorded for it. A run of those is one item.
 * Owns      its items.
 */
#ifndef RECORDER_QUEUE_H
#define RECORDER_QUEUE_H

#include "base/check.h"
#include "words/glob.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct item {
    uint64_t span; /* ordinals: 1 for a message, 1 or more for those that are passed over */
    size_t channel_len;
    size_t payload_len;
    char bytes[]; /* channel, payload; both empty where it is passed over */
};

struct queue {
    struct item **ring; /* NULL while it never held anything */
    size_t cap;         /* places in the ring: a power of two */
    size_t start;       /* the place of the oldest item */
    size_t count;       /* items */
    size_t messages;    /* items that are not passed over */
    size_t taken;       /* how many of the items queue_take() has given */
    size_t bytes;       /* of memory that the items take */
    uint64_t first;     /* the ordinal of the oldest; of the next one to come where it is empty */
    uint64_t next;      /* the ordinal that the next one to come gets */
    uint64_t untaken;   /* the first ordinal that queue_take() has not given */
};

/* Empty it; the next ordinal is this. */
void queue_reset(struct queue *queue, uint64_t next);
void queue_fini(struct queue *queue);

/* Copy a message to the end. false: no memory, nothing changed. */
MUST_CHECK bool queue_push(struct queue *queue, struct bytes channel, struct bytes payload);
/* The next ordinal is passed over. false: no memory, nothing changed. */
MUST_CHECK bool queue_pass(struct queue *queue);
/* Let go of everything up to and with this ordinal. */
void queue_drop(struct queue *queue, uint64_t ordinal);
/* What is in the queue gets the ordinals from `first` on, and all of it is to be taken again. */
void queue_renumber(struct queue *queue, uint64_t first);

/* The next item that was not taken yet, with the ordinal queue.untaken, which then moves on; NULL: there is none.
 * Borrowed until the next drop. */
const struct item *queue_take(struct queue *queue);
/* All of it is to be taken again. */
void queue_rewind(struct queue *queue);

/* The item that begins with this ordinal where that is the oldest, else NULL. */
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

static inline bool item_is_passed(const struct item *item)
{
    return item->channel_len == 0;
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
