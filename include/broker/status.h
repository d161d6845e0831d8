/*
 * status.h - how a broker does.
 */
#ifndef BROKER_STATUS_H
#define BROKER_STATUS_H

#include "words/position.h"

#include <stdbool.h>
#include <stdint.h>

struct broker_status {
    bool is_ready;
    char reason[160];          /* why not, a sentence; "" where ready */
    struct position watermark; /* of the first shard: everything up to here has been heard */
    unsigned feeds;            /* channels and patterns that are followed, by shard */
    unsigned subscribers;
    uint64_t entries_heard;
    uint64_t holes_filled; /* entries that were announced with one missing before them */
    uint64_t pages_read;
    uint64_t gaps_told;
    uint64_t links_lost; /* connections that hear */
};

#endif
