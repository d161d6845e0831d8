/*
 * strand.h - the feeds of one browser in one shard, with one place in the shard's order.
 *
 *             subscriber_add             pump: all given
 *   ┌──────┐ ─────────► ┌────────┐ ─────────────────────────► ┌──────┐
 *   │ IDLE │            │ BEHIND │ ◄───────────────────────── │ LIVE │
 *   └──────┘            └────────┘  strand_wake               └──────┘
 *                        │ ▲   ▲ │ pump: socket full             │ fresh: socket full
 *   pump: a feed is not  │ │   │ ▼                               ▼
 *   live, a page is      ▼ │   └──── subscriber_writable ──── ┌──────┐
 *   missing       ┌─────────┐                                 │ FULL │
 *                 │ WAITING │                                 └──────┘
 *                 └─────────┘ strand_wake
 *       pump: nothing more      ▲ │
 *       is certain yet          │ ▼ more was received
 *                        ┌────────────┐
 *                        │ AT_HORIZON │
 *                        └────────────┘
 *
 *   IDLE        no members
 *   BEHIND      in broker.behind; the pump will handle it at the end of this turn or a later one
 *   AT_HORIZON  in shard.at_horizon; has been given all that is certain, until more is received
 *   WAITING     for a feed to become live, for a page, or for the start to be known
 *   FULL        the sink returned SINK_FULL, and subscriber_writable() has not been called yet; no page is pinned
 *   LIVE        has a place, and all members are merged; has been given all that their tails held when the last turn
 *               ended. It stays LIVE while a feed is not: it is woken when the feed becomes live again
 *
 * A member is merged once the strand's one place covers it. Those added with the same start before the place is known
 * are merged from the beginning. Any other first catches up on its own, from its own place to that of the others.
 *
 * Owns      its members.    Borrows  its subscriber, which holds it; the shard.
 */
#ifndef BROKER_STRAND_H
#define BROKER_STRAND_H

#include "broker/sink.h"
#include "feed.h"
#include "member.h"
#include "shard.h"

#include <assert.h>

struct subscriber;

enum strand_state { STRAND_IDLE, STRAND_BEHIND, STRAND_AT_HORIZON, STRAND_WAITING, STRAND_FULL, STRAND_LIVE };

struct strand {
    const struct sink_ops *ops; /* from here to is_begun: what a delivery reads */
    void *sink;
    struct position place; /* if has_place: everything up to here was given */
    uint8_t state;         /* enum strand_state */
    uint8_t format;        /* the wire format */
    bool has_place;
    bool is_simple;   /* one member, merged, and no other strand: what its feed's tail gains is what it lacks */
    bool is_unmerged; /* some member is not merged, and catches up on its own */
    bool is_verified; /* the place is known not to be ahead of the shard's newest position */
    bool is_exact;    /* the place is one of this very shard, not a cursor's base for all shards */
    bool wants_kept;  /* asked for all that is kept, or the newest of it: what may have been before is no gap */
    bool is_begun;    /* the sink was told where the subscriber starts */
    bool is_shared;   /* the subscriber has other strands too: ids are cursors over all of them */
    struct subscriber *subscriber;
    struct member *members;
    struct shard *shard;
    struct strand *next; /* in the subscriber */
    struct shard_start start;
    struct question *question;   /* the pending one for where the newest entries begin; NULL: none */
    struct position claimed;     /* the last entry given, or the start: what cursors say of this shard */
    uint32_t turn;               /* broker.turn in which it was last pumped */
    TAILQ_ENTRY(strand) in_list; /* the list of its state: BEHIND, AT_HORIZON */
};
static_assert(offsetof(struct strand, is_unmerged) < 64, "what a delivery needs of a strand is in its first 64 bytes");

extern const struct member_ops strand_member_ops;

/* The only function that changes the state. `why` is for the log. */
void strand_enter(struct strand *strand, enum strand_state state, const char *why);
/* Something changed: let the pump handle the strand at the end of this turn (unless its socket is full). */
void strand_wake(struct strand *strand, const char *why);
/* A feed is not live, or a page is missing; unless a member just found a gap, which the pump can tell at once. */
void strand_wait(struct strand *strand, const char *why);
/* Is the strand's data consistent with its state? */
bool strand_is_sound(const struct strand *strand);

struct member *strand_find(const struct strand *strand, struct bytes name);
/* Listen to one more channel or pattern. false: no memory, nothing changed. */
MUST_CHECK bool strand_add(struct strand *strand, struct bytes name, const struct shard_start *start, uint64_t tag);
void strand_remove(struct strand *strand, struct member *member);
/* Remove all members. */
void strand_clear(struct strand *strand);
/* Compute is_simple again. */
void strand_simplify(struct strand *strand);

/* The place after which this member's entries are wanted. */
struct position member_after(const struct member *member);
/* Is any member merged? */
bool strand_is_merged(const struct strand *strand);
/* If the strand has been given everything up to shard.flushed, make that its place. */
void strand_settle(struct strand *strand);
/* What is in memory from before this position is void: a new keyspace began there, or (is_lost) Redis lost
 * something. Call after shard_flushed(). */
void strand_forget(struct strand *strand, struct position before, bool is_lost);

#endif
