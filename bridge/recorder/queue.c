/*
 * queue.c - a ring of items; its size is a power of two.
 *
 *         first                    untaken            next
 *           │ 1 ┌ 2 ┐ 3 … ordinals │                  │
 *         ┌─┴─┬─┴───┴─┬─────┬──────┴┬───────┬─────────┴
 *   ring  │ m │ passed│  m  │   m   │   m   │
 *         └───┴───────┴─────┴───────┴───────┘
 *           └── taken: in flight ───┘
 */
#include "queue.h"

#include <stdlib.h>
#include <string.h>

#define CAP_MIN 64

/* Includes an estimate of what malloc and the ring add. */
static size_t queue_item_size(const struct item *item)
{
    return sizeof *item + item->channel_len + item->payload_len + 32;
}

static struct item **queue_slot(const struct queue *queue, size_t i)
{
    return &queue->ring[(queue->start + i) & (queue->cap - 1)];
}

static bool queue_grow(struct queue *queue)
{
    size_t cap = queue->cap ? queue->cap * 2 : CAP_MIN;
    struct item **ring = malloc(cap * sizeof *ring);
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

bool queue_push(struct queue *queue, struct bytes channel, struct bytes payload)
{
    if (queue->count == queue->cap && !queue_grow(queue))
        return false;
    struct item *item = malloc(sizeof *item + channel.len + payload.len);
    if (!item)
        return false;
    item->span = 1;
    item->channel_len = channel.len;
    item->payload_len = payload.len;
    if (channel.len)
        memcpy(item->bytes, channel.data, channel.len);
    if (payload.len)
        memcpy(item->bytes + channel.len, payload.data, payload.len);
    *queue_slot(queue, queue->count++) = item;
    queue->bytes += queue_item_size(item);
    queue->messages += item_is_message(item);
    queue->next++;
    return true;
}

bool queue_pass(struct queue *queue)
{
    struct item *last = queue->count > queue->taken ? *queue_slot(queue, queue->count - 1) : NULL;
    if (!last || !item_is_passed(last))
        return queue_push(queue, (struct bytes){0}, (struct bytes){0});
    last->span++;
    queue->next++;
    return true;
}

static void queue_drop_item(struct queue *queue)
{
    struct item *item = *queue_slot(queue, 0);
    queue->bytes -= queue_item_size(item);
    queue->messages -= item_is_message(item);
    queue->start = (queue->start + 1) & (queue->cap - 1);
    queue->count--;
    queue->taken -= queue->taken > 0;
    queue->first += item->span;
    free(item);
}

void queue_drop(struct queue *queue, uint64_t ordinal)
{
    while (queue->count > 0 && queue->first <= ordinal) {
        struct item *item = *queue_slot(queue, 0);
        uint64_t gone = ordinal - queue->first + 1;
        if (gone >= item->span) {
            queue_drop_item(queue);
        } else {
            item->span -= gone;
            queue->first += gone;
        }
    }
    if (queue->untaken < queue->first)
        queue->untaken = queue->first;
}

void queue_renumber(struct queue *queue, uint64_t first)
{
    queue->next = first + queue_length(queue);
    queue->first = first;
    queue_rewind(queue);
}

void queue_reset(struct queue *queue, uint64_t next)
{
    queue_drop(queue, UINT64_MAX - 1);
    queue_renumber(queue, next);
}

void queue_fini(struct queue *queue)
{
    queue_reset(queue, 1);
    free(queue->ring);
    *queue = (struct queue){0};
}

const struct item *queue_take(struct queue *queue)
{
    if (queue->taken == queue->count)
        return NULL;
    const struct item *item = *queue_slot(queue, queue->taken++);
    queue->untaken += item->span;
    return item;
}

void queue_rewind(struct queue *queue)
{
    queue->taken = 0;
    queue->untaken = queue->first;
}

const struct item *queue_oldest(const struct queue *queue, uint64_t ordinal)
{
    return queue->count > 0 && queue->first == ordinal ? *queue_slot(queue, 0) : NULL;
}
