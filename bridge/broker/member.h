/*
 * member.h - one strand's part in one feed.
 *
 * Owned     by the strand.    Borrowed  by the feed, from feed_add() to feed_remove().
 */
#ifndef BROKER_MEMBER_H
#define BROKER_MEMBER_H

#include "pager.h"
#include "shard_start.h"
#include "words/position.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct feed;
struct strand;

struct member {
    TAILQ_ENTRY(member) in_feed; /* from here to is_merged: what a delivery reads */
    struct strand *strand;
    struct position after; /* if has_after: entries up to here are not wanted; if not merged: the member's own place */
    bool has_after;
    bool is_merged; /* the strand's place covers this member */
    bool is_told;   /* sink.subscribed was called */
    struct feed *feed;
    struct member *next; /* in the strand */
    struct shard_start start;
    struct pager_client page;
    uint64_t tag; /* from subscriber_add() */
};
static_assert(offsetof(struct member, start) <= 64, "what a delivery needs of a member is in its first 64 bytes");

TAILQ_HEAD(member_list, member);

#endif
