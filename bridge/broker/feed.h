/*
 * feed.h - one channel, or a pattern of channels, of one shard, as this worker follows it: its newest entries without a
 *          hole, and the members that read them.
 *
 *                                                           feed_on_filled
 *   ┌──────┐  joining  ┌─────────┐ confirmed  ┌─────────┐   ──────►   ┌──────┐
 *   │ AWAY │ ────────► │ JOINING │ ─────────► │ FILLING │             │ LIVE │
 *   └──────┘           └─────────┘            └─────────┘  ◄──────    └──────┘
 *       ▲                   │                      │      feed_hear: a hole │
 *       └───────────────────┴────── away ◄─────────┴────────────────────────┘
 *
 *   AWAY     not subscribed: the listener is not connected
 *   JOINING  the subscription is sent, not confirmed
 *   FILLING  subscribed; new entries are held while the log is read up to here
 *   LIVE     the tail holds every announced entry after tail.since
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

/* Callbacks from a feed to its members. */
struct member_ops {
    /* Something changed: the member may be able to read on, or have something else to do. */
    void (*wake)(struct member *member, const char *why);
    /* The place after which the member wants entries. false: not known yet. */
    bool (*place)(const struct member *member, struct position *out);
    /* The feed became live; `newest` is the newest position in its shard. */
    void (*live)(struct member *member, struct position newest);
    /* Is the member still waiting for its start to be known? */
    bool (*is_unstarted)(const struct member *member);
    struct pager_ops pager;
};

struct feed {
    struct source_client source; /* first */
    UT_hash_handle by_name, by_ticket;
    uint64_t ticket; /* of the read that fills the tail */
    struct shard *shard;
    const struct member_ops *ops;
    enum feed_state state;
    bool is_pattern;
    bool is_ephemeral; /* without history */
    struct member_list members;
    struct pager pager;

    struct tail tail;
    bool has_tail;             /* tail.since is valid */
    struct position joined_at; /* all entries up to here were in the log when the feed became live */
    struct tail held;          /* entries received while FILLING */
    bool held_overflowed;
    bool is_filling_sent;        /* the read that will make the feed live is under way */
    struct position fresh_since; /* if is_dirty: what was pushed in this turn comes after this */
    bool is_dirty;               /* in broker.dirty */
    TAILQ_ENTRY(feed) in_dirty;
    size_t tail_bytes; /* the tail's share of broker.tail_bytes; not 0: the feed is in broker.tailed */
    TAILQ_ENTRY(feed) in_tailed;
    bool is_tended; /* in shard.tended: feed_sweep() is called once a second */
    TAILQ_ENTRY(feed) in_tended;

    size_t name_len;
    char name[];
};

/* The feed of this name; created if there is none. NULL: no memory. */
struct feed *feed_get(struct shard *shard, struct bytes name, const struct member_ops *ops);
void feed_add(struct feed *feed, struct member *member);
/* Frees the feed if this was the last member. */
void feed_remove(struct feed *feed, struct member *member);
struct bytes feed_name(const struct feed *feed);

/* The position up to which all of this feed's entries are known. */
struct position feed_heard(const struct feed *feed);
/* Ask the pager for the entries after this place; see pager_ask(). */
enum pager_answer feed_ask(struct feed *feed, struct member *member, struct position after, struct run *run,
                           struct position *until);

/* The tail has changed: count its bytes again, and move the feed to the end of broker.tailed. */
void feed_count_tail(struct feed *feed);
/* Free the tail's entries. Members that still lack them read the log. */
void feed_drop_tail(struct feed *feed);
/* Drop what is in memory from before this position: it is void. */
void feed_forget(struct feed *feed, struct position before);

/* Wake the members whose start is not known yet. false: there are none. */
bool feed_wake_unstarted(struct feed *feed);
/* Have feed_sweep() called once a second, for as long as it finds something to do. */
void feed_tend(struct feed *feed);
/* Repeat a read that failed, sweep the pages, wake members that wait for their start. */
void feed_sweep(struct feed *feed, uint64_t now_ms);

#endif
