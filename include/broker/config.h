/*
 * config.h - what a broker is born with.
 */
#ifndef BROKER_CONFIG_H
#define BROKER_CONFIG_H

#include "words/entry.h"
#include "words/glob.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct redis_config;

struct broker_config {
    const struct redis_config *redis;  /* one for each shard; borrowed for the broker's life */
    unsigned shard_count;              /* at least 1 */
    uint64_t layout;                   /* the serial of how channels are dealt to shards, as cursors say it */
    const struct glob_list *ephemeral; /* channels without history; borrowed */
    bool needs_recorder;               /* plain PUBLISH is recorded somewhere: not ready before it is */
    size_t tail_entries;               /* newest entries kept in memory per feed, at most */
    size_t tail_bytes;                 /* and their bytes, at most */
    size_t tails_bytes;                /* of all feeds together: beyond it, the quiet ones keep nothing */
    entry_encode_fn encode;            /* the wire formats */
};

#endif
