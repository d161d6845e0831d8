/*
 * feed.h - one channel, or a pattern of channels, of one shard, as this worker follows it: its newest entries without a
 *          hole, and whoever reads them.
 *
 *                                                           feed_on_filled
 *   ┌──────┐  joining  ┌─────────┐ confirmed  ┌─────────┐   ──────►   ┌──────┐
 *   │ AWAY │ ────────► │ JOINING │ ─────────► │ FILLING │             │ LIVE │
 *   └──────┘           └─────────┘            └─────────┘  ◄──────    └──────┘
 *       ▲                   │                      │      feed_hear: a hole │
 *       └───────────────────┴────── away ◄─────────┴────────────────────────┘
 *
 *   AWAY     not subscribed: Redis is away
 *   JOINING  the subscription is sent, not confirmed
 *   FILLING  heard from now on, and held; the log is being read up to here
 *   LIVE     every entry after tail.since that was announced is, or was, in the tail
 *
 * Owns      its tail, its pager.    Borrows  its members; the shard.
 */
#ifndef BROKER_FEED_H
#define BROKER_FEED_H

#include "member.h"
#include "pager.h"
#include "source.h"
#include "tail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uthash.h>

enum feed_state { FEED_AWAY, FEED_JOINING, FEED_FILLING, FEED_LIVE };

/* What a feed says to its members. */
struct member_ops {
    /* Something changed for it: it may read now, or has something else to do. */
    void (*wake)(struct member *member, const char *why);
    /* The place after which it wants entries; false: not known yet. */
    bool (*place)(const struct member *member, struct position *out);
    /* The feed is live, and `newest` is the newest position of all. */
    void (*live)(struct member *member, struct position newest);
    /* Does it wait for its start to be known? */
    bool (*is_unstarted)(const struct member *member);
    struct pager_ops pager;
};

struct feed {
    struct source_client source; /* first */
    UT_hash_handle by_name, by_ticket;
    uint64_t ticket; /* of the read that fills it */
    struct shard *shard;
    const struct member_ops *ops;
    enum feed_state state;
    bool is_pattern;
    bool is_ephemeral; /* without history */
    struct member_list members;
    struct pager pager;

    struct tail tail;
    bool has_tail;             /* tail.since means something */
    struct position joined_at; /* everything up to here was in the log when the feed became live */
    struct tail held;          /* heard while FILLING */
    bool held_overflowed;
    bool is_filling_sent;        /* the read that will make it live is under way */
    struct position fresh_since; /* where is_dirty: what was pushed in this turn comes after this */
    bool is_dirty;               /* in broker.dirty */
    TAILQ_ENTRY(feed) in_dirty;
    size_t tail_bytes; /* of its tail, as counted in broker.tail_bytes; not 0: in broker.tailed */
    TAILQ_ENTRY(feed) in_tailed;
    bool is_tended; /* in shard.tended: not just live and quiet */
    TAILQ_ENTRY(feed) in_tended;

    size_t name_len;
    char name[];
};

/* The feed of this name, made where it is missing. NULL: no memory. */
struct feed *feed_get(struct shard *shard, struct bytes name, const struct member_ops *ops);
void feed_add(struct feed *feed, struct member *member);
/* The last member's leaving ends the feed. */
void feed_remove(struct feed *feed, struct member *member);
struct bytes feed_name(const struct feed *feed);

/* The newest position up to which this feed's entries are known. */
struct position feed_heard(const struct feed *feed);
/* Ask the pager for what comes after this place. */
enum pager_answer feed_ask(struct feed *feed, struct member *member, struct position after, struct run *run,
                           struct position *until);

/* What a turn brought was given: count its tail, as the one that changed last. */
void feed_count_tail(struct feed *feed);
/* Give its tail back; whoever lacks what was in it reads the log. */
void feed_drop_tail(struct feed *feed);
/* What is remembered from before this is void. */
void feed_forget(struct feed *feed, struct position before);

/* Wake members that do not know their start yet. false: there are none. */
bool feed_wake_unstarted(struct feed *feed);
/* See to it once a second, for as long as there is something to see to. */
void feed_tend(struct feed *feed);
/* Do so. */
void feed_sweep(struct feed *feed, uint64_t now_ms);

#endif
