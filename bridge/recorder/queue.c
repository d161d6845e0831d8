/*
 * queue.c - a ring of messages; its size is a power of two.
 */
#include "queue.h"

#include <stdlib.h>
#include <string.h>

#define CAP_MIN 64

/* With what malloc and the ring add. */
static size_t message_size(size_t channel_len, size_t payload_len)
{
    return sizeof(struct message) + channel_len + payload_len + 32;
}

static struct message **queue_slot(const struct queue *queue, size_t i)
{
    return &queue->ring[(queue->start + i) & (queue->cap - 1)];
}

static bool queue_grow(struct queue *queue)
{
    size_t cap = queue->cap ? queue->cap * 2 : CAP_MIN;
    struct message **ring = malloc(cap * sizeof *ring);
    if (!ring)
        return false;
    for (size_t i = 0; i < queue->count; i++)
        ring[i] = *queue_slot(queue, i);
    free(queue->ring);
    queue->ring = ring;
    queue->cap = cap;
    queue->start = 0;
    return true;
}

bool queue_push(struct queue *queue, struct name channel, struct name payload)
{
    if (queue->count == queue->cap && !queue_grow(queue))
        return false;
    struct message *message = malloc(sizeof *message + channel.len + payload.len);
    if (!message)
        return false;
    message->channel_len = channel.len;
    message->payload_len = payload.len;
    memcpy(message->bytes, channel.bytes, channel.len);
    memcpy(message->bytes + channel.len, payload.bytes, payload.len);
    *queue_slot(queue, queue->count++) = message;
    queue->bytes += message_size(channel.len, payload.len);
    return true;
}

void queue_drop(struct queue *queue, uint64_t ordinal)
{
    while (queue->count > 0 && queue->first <= ordinal) {
        struct message *message = *queue_slot(queue, 0);
        queue->bytes -= message_size(message->channel_len, message->payload_len);
        queue->start = (queue->start + 1) & (queue->cap - 1);
        queue->count--;
        queue->first++;
        free(message);
    }
}

const struct message *queue_at(const struct queue *queue, uint64_t ordinal)
{
    CHECK(ordinal >= queue->first && ordinal < queue_next(queue));
    return *queue_slot(queue, (size_t)(ordinal - queue->first));
}

void queue_renumber(struct queue *queue, uint64_t first)
{
    queue->first = first;
}

void queue_reset(struct queue *queue, uint64_t next)
{
    queue_drop(queue, UINT64_MAX);
    queue->first = next;
}

void queue_fini(struct queue *queue)
{
    queue_reset(queue, 0);
    free(queue->ring);
    *queue = (struct queue){0};
}
