/*
 * member.h - one strand's part in one feed.
 *
 * Owned     by the strand.    Borrowed  by the feed, from feed_add() to feed_remove().
 */
#ifndef BROKER_MEMBER_H
#define BROKER_MEMBER_H

#include "broker/start.h"
#include "pager.h"
#include "words/position.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct feed;
struct strand;

/* Where a member wants to start, in the order of its shard. */
struct shard_start {
    enum start_kind kind;
    bool is_exact;         /* START_AFTER: `after` is a place of this very shard, not of another one's clock */
    unsigned count;        /* START_NEWEST */
    struct position after; /* START_AFTER */
};

struct member {
    TAILQ_ENTRY(member) in_feed; /* this and the next are what a delivery needs */
    struct strand *strand;
    struct position after; /* where has_after: nothing up to here is wanted; of one that is not merged, its own place */
    bool has_after;
    bool is_merged; /* the strand's place covers it */
    bool is_told;   /* sink.subscribed was called */
    struct feed *feed;
    struct member *next; /* of the strand */
    struct shard_start start;
    struct pager_client page;
    uint64_t tag; /* of subscriber_add() */
};
static_assert(offsetof(struct member, start) <= 64, "what a delivery needs of a member is in its first 64 bytes");

TAILQ_HEAD(member_list, member);

#endif
