/*
 * shard_start.c - translates a start to the order of one shard.
 */
#include "shard_start.h"

#include "base/clock.h"
#include "shard.h"

#define LATE_MS 1000 /* joining takes two round trips to Redis */

struct shard_start shard_start_of(const struct shard *shard, const struct start *start)
{
    struct shard_start out = {.kind = start->kind,
                              .is_exact = true,
                              .count = start->count,
                              .after = shard->newest,
                              .asked_ms = clock_now_ms()};
    if (start->kind == START_AFTER)
        out.after = shard_place(shard, start->after, &out.is_exact);
    return out;
}

bool shard_start_is_same(const struct shard_start *a, const struct shard_start *b)
{
    return a->kind == b->kind && (a->kind != START_AFTER || position_compare(a->after, b->after) == 0) &&
           (a->kind != START_NEWEST || a->count == b->count);
}

bool shard_start_is_late(const struct shard_start *start, const struct shard *shard)
{
    return clock_now_ms() - start->asked_ms > LATE_MS || !shard_is_well_since(shard, start->asked_ms);
}

void shard_start_fix(struct shard_start *start)
{
    if (start->kind == START_NOW && !position_is_begin(start->after))
        start->kind = START_AFTER;
}
