/*
 * config.h - the settings that broker_new() takes.
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
    uint64_t layout;                   /* serial number of the assignment of channels to shards, as cursors carry it */
    const struct glob_list *ephemeral; /* channels without history; borrowed */
    bool needs_recorder;    /* plain PUBLISH has to be recorded: not ready until a recorder reports that it is active */
    size_t tail_entries;    /* newest entries kept in memory per feed, at most */
    size_t tail_bytes;      /* and their bytes, at most; the newest entry is always kept */
    size_t tails_bytes;     /* of all tails together; above it, the tails that have been quiet longest are dropped */
    entry_encode_fn encode; /* puts an entry into a wire format */
};

#endif
