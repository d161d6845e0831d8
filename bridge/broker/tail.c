/*
 * tail.c - a ring of entries; its capacity is a power of two and grows as far as the limits allow.
 */
#include "tail.h"

#include <stdlib.h>
#include <string.h>

#define CAP_MIN 8

static bool tail_grow(struct tail *tail)
{
    unsigned cap = tail->cap ? tail->cap * 2 : CAP_MIN;
    struct entry **ring = malloc(cap * sizeof *ring);
    if (!ring)
        return false;
    for (unsigned i = 0; i < tail->count; i++)
        ring[i] = tail_at(tail, i);
    free(tail->ring);
    tail->ring = ring;
    tail->cap = cap;
    tail->first = 0;
    return true;
}

static void tail_drop_oldest(struct tail *tail)
{
    struct entry *entry = tail_at(tail, 0);
    tail->since = entry->position;
    tail->bytes -= entry_size(entry);
    tail->first = (tail->first + 1) & (tail->cap - 1);
    tail->count--;
    entry_unref(entry);
}

bool tail_push(struct tail *tail, struct entry *entry, size_t entries, size_t bytes)
{
    if (tail->count == tail->cap && tail->count < entries && !tail_grow(tail))
        return false;
    while (tail->count > 0 && (tail->count >= entries || tail->bytes + entry_size(entry) > bytes))
        tail_drop_oldest(tail);
    tail->ring[(tail->first + tail->count) & (tail->cap - 1)] = entry_ref(entry);
    tail->count++;
    tail->bytes += entry_size(entry);
    return true;
}

void tail_reset(struct tail *tail, struct position since)
{
    while (tail->count > 0)
        tail_drop_oldest(tail);
    tail->since = since;
}

void tail_forget(struct tail *tail, struct position position)
{
    while (tail->count > 0 && position_compare(tail_at(tail, 0)->position, position) <= 0)
        tail_drop_oldest(tail);
    tail->since = position_max(tail->since, position);
}

void tail_fini(struct tail *tail)
{
    tail_reset(tail, POSITION_BEGIN);
    free(tail->ring);
    *tail = (struct tail){0};
}

struct position tail_end(const struct tail *tail)
{
    return tail->count ? tail_at(tail, tail->count - 1)->position : tail->since;
}

unsigned tail_after(const struct tail *tail, struct position position)
{
    unsigned low = 0, high = tail->count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (position_compare(tail_at(tail, middle)->position, position) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
