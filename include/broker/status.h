/*
 * status.h - a broker's readiness and counters.
 */
#ifndef BROKER_STATUS_H
#define BROKER_STATUS_H

#include "words/position.h"

#include <stdbool.h>
#include <stdint.h>

struct broker_status {
    bool is_ready;
    char reason[160];          /* why it is not ready, for people to read; "" if it is ready */
    struct position watermark; /* of the first shard: everything up to here has been received */
    unsigned feeds;            /* channels and patterns that are followed; a pattern counts once per shard */
    unsigned subscribers;
    uint64_t entries_heard; /* announcements received, with the copies by overlapping subscriptions */
    uint64_t holes_filled;  /* announcements that revealed a missing entry, so that the log was read */
    uint64_t pages_read;
    uint64_t gaps_told;
    uint64_t links_lost;        /* pub/sub connections that were lost */
    uint64_t ephemeral_refused; /* messages of ephemeral channels that are too large */
};

#endif
