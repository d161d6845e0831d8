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
 *       is certain yet          │ ▼ more was heard
 *                        ┌────────────┐
 *                        │ AT_HORIZON │
 *                        └────────────┘
 *
 *   IDLE        no members
 *   BEHIND      in broker.behind; the pump will see to it at the end of this turn or the next
 *   AT_HORIZON  in shard.at_horizon; has been given all that is certain, until more is heard
 *   WAITING     some member waits: for its feed to become live, for a page, or for Redis to tell the start
 *   FULL        the sink said SINK_FULL, and subscriber_writable() has not come yet; no page is pinned
 *   LIVE        has a place; all feeds are live, and it was given all that their tails held when the last turn ended
 *
 * A member is merged once the strand's one place covers it. Those added with the same start before the place is known are
 * merged from the beginning. Any other first catches up by itself, from its own place to that of the others.
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
    const struct sink_ops *ops; /* from here to is_unmerged: what a delivery needs */
    void *sink;
    struct position place; /* where has_place: everything up to here was given */
    uint8_t state;         /* enum strand_state */
    uint8_t format;        /* of the wire */
    bool has_place;
    bool is_simple;   /* one member, merged, and no other strand: what is pushed on its feed is what it lacks */
    bool is_unmerged; /* some member catches up by itself */
    bool is_verified; /* the place is not ahead of all positions */
    bool is_exact;    /* the place was told for this very shard */
    bool wants_kept;  /* started with all that is kept, or the newest of it: what is gone is no gap */
    bool is_begun;    /* its subscriber was told where it starts */
    bool is_shared;   /* its subscriber has others too: ids say what all of them have given */
    struct subscriber *subscriber;
    struct member *members;
    struct shard *shard;
    struct strand *next; /* of the subscriber */
    struct shard_start start;
    struct question *question;   /* Redis was asked for the newest entries; NULL: it was not */
    struct position claimed;     /* up to here entries were given, or it was the start: what a cursor has to say */
    uint32_t turn;               /* in which it was last pumped */
    TAILQ_ENTRY(strand) in_list; /* of its state */
};
static_assert(offsetof(struct strand, is_unmerged) < 64, "what a delivery needs of a strand is in its first 64 bytes");

extern const struct member_ops strand_member_ops;

/* The only writer of state. */
void strand_enter(struct strand *strand, enum strand_state state, const char *why);
/* Something changed for it: let the pump see to it at the end of this turn (unless its socket is full). */
void strand_wake(struct strand *strand, const char *why);
/* Is what its state says true? */
bool strand_is_sound(const struct strand *strand);

struct member *strand_find(const struct strand *strand, struct bytes name);
/* Listen to that too. false: no memory, nothing changed. */
MUST_CHECK bool strand_add(struct strand *strand, struct bytes name, const struct shard_start *start, uint64_t tag);
void strand_remove(struct strand *strand, struct member *member);
/* All members go. */
void strand_clear(struct strand *strand);
/* Decide anew whether it is simple. */
void strand_simplify(struct strand *strand);

/* The place after which this member's entries are wanted. */
struct position member_after(const struct member *member);
/* Is its place the place of some member? */
bool strand_is_merged(const struct strand *strand);
/* Where it has been given everything up to the last flush, that becomes its place. */
void strand_settle(struct strand *strand);
/* What was before is void: it began anew there, or Redis lost something. After the flush. */
void strand_forget(struct strand *strand, struct position before, bool is_lost);

#endif
