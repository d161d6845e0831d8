/*
 * queue.h - plain messages that were heard, by ordinal, until they are known to be recorded.
 *
 * Promise   Ordinals are dense: the queue holds first, first + 1, … without a hole.
 * Owns      its messages.
 */
#ifndef RECORDER_QUEUE_H
#define RECORDER_QUEUE_H

#include "base/check.h"
#include "base/glob.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct message {
    size_t channel_len, payload_len;
    char bytes[]; /* channel, payload */
};

struct queue {
    struct message **ring; /* NULL while it never held anything */
    size_t cap, start, count;
    size_t bytes;   /* of memory that the messages take */
    uint64_t first; /* the ordinal of the oldest; of the next one to come where it is empty */
};

/* Empty it; the next message gets this ordinal. */
void queue_reset(struct queue *queue, uint64_t next);
void queue_fini(struct queue *queue);

/* Copy a message to the end. false: no memory, nothing changed. */
MUST_CHECK bool queue_push(struct queue *queue, struct name channel, struct name payload);
/* What is in the queue gets the ordinals from `first` on. */
void queue_renumber(struct queue *queue, uint64_t first);
/* Let go of everything up to and with this ordinal. */
void queue_drop(struct queue *queue, uint64_t ordinal);

/* The ordinal that the next message will get. */
static inline uint64_t queue_next(const struct queue *queue)
{
    return queue->first + queue->count;
}

/* The message with an ordinal that is in the queue. Borrowed until the next drop. */
const struct message *queue_at(const struct queue *queue, uint64_t ordinal);

static inline struct name message_channel(const struct message *message)
{
    return (struct name){message->bytes, message->channel_len};
}

static inline struct name message_payload(const struct message *message)
{
    return (struct name){message->bytes + message->channel_len, message->payload_len};
}

#endif
