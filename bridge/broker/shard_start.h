/*
 * shard_start.h - where a subscriber starts, in the order of one shard.
 *
 * Story     "Now" is what a feed has received when it has joined. That takes a moment, but a browser is told at once that its
 *           stream is open, and it must not miss what is published after that. So the newest position that was known when it
 *           asked is kept, and is where it starts if joining takes longer than usual, because Redis is away or refuses.
 */
#ifndef BROKER_SHARD_START_H
#define BROKER_SHARD_START_H

#include "base/check.h"
#include "broker/start.h"
#include "words/position.h"

#include <stdbool.h>
#include <stdint.h>

struct shard;

struct shard_start {
    enum start_kind kind;
    bool is_exact;         /* `after` was given for this very shard, not as a base for all shards */
    unsigned count;        /* START_NEWEST */
    struct position after; /* START_AFTER; else the newest position that was known at asked_ms; POSITION_BEGIN: none */
    uint64_t asked_ms;
};

struct shard_start shard_start_of(const struct shard *shard, const struct start *start);
/* Do both mean the same place? */
bool shard_start_is_same(const struct shard_start *a, const struct shard_start *b);

/* Has joining taken longer than usual? Then what was published since asked_ms may be older than what a feed has when it has
 * joined. */
bool shard_start_is_late(const struct shard_start *start, const struct shard *shard);
/* Start at the newest position that was known at asked_ms, and not at "now". No effect if none was, or on other starts. */
void shard_start_fix(struct shard_start *start);

#endif
