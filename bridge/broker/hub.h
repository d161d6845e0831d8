/*
 * hub.h - what the files of the broker share: the broker itself, its feeds, its subscribers.
 *
 *   broker 1 ──── n feed 1 ──── n member n ──── 1 subscriber
 *
 * broker.c      the broker: the connections to Redis, the beat, the end of each turn
 * feed.c        one channel or pattern: joining live to the log, its tail, pages of its log
 * subscriber.c  one cursor: its state, its members
 * pump.c        what moves a cursor forward
 * tail.h        a run of entries without a hole        page_cache.h  a page of a log, kept
 */
#ifndef BROKER_HUB_H
#define BROKER_HUB_H

#include "broker/broker.h"
#include "page_cache.h"
#include "redis/redis.h"
#include "tail.h"

#include <sys/queue.h>
#include <uthash.h>

/* --- feeds -------------------------------------------------------------------------------------------------------- */

enum feed_state {
    FEED_AWAY,    /* not subscribed: Redis is away */
    FEED_JOINING, /* the subscription is sent, not confirmed */
    FEED_FILLING, /* heard from now on, and held; the log is being read up to here */
    FEED_LIVE,    /* every entry after tail.since that was announced is, or was, in the tail */
};

/* One subscriber's part in one feed. */
struct member {
    TAILQ_ENTRY(member) in_feed; /* this and the next are what a delivery needs: see fetch_ahead() */
    struct subscriber *subscriber;
    struct position after; /* nothing up to here is wanted; of a member that is not merged: its own cursor */
    bool has_after;
    bool is_merged; /* the subscriber's cursor covers it */
    struct feed *feed;
    struct member *next; /* of the subscriber */
    struct start start;  /* of a member that was added later than the first turn */
    bool is_told;        /* sink.subscribed was called */
    bool wants_page;     /* the subscriber waits for a page of this feed: in feed.waiting */
    TAILQ_ENTRY(member) in_waiting;
    bool is_asked;              /* it waited already when the read that is under way was sent */
    struct cached_page *pinned; /* where it reads on; never while the subscriber's socket is full */
    bool has_gap;               /* to be told by the pump */
    struct gap gap;
    struct known_loss known_loss;
    bool is_served; /* a page was judged for it before */
    uint64_t tag;
};

struct feed {
    UT_hash_handle by_name, by_id;
    uint64_t id; /* the ticket of its reads */
    struct broker *broker;
    enum feed_state state;
    bool is_pattern, is_ephemeral;
    TAILQ_HEAD(member_list, member) members;
    unsigned member_count;

    struct tail tail;
    bool has_tail;             /* tail.since means something */
    struct position joined_at; /* everything up to here was in the log when the feed became live */
    struct tail held;          /* heard while filling */
    bool held_overflowed;
    bool is_filling_sent; /* the read that will make it live is under way */

    bool is_dirty; /* in broker.dirty: something was pushed in this turn */
    TAILQ_ENTRY(feed) in_dirty;
    size_t tail_bytes; /* of its tail, as counted in broker.tail_bytes; not 0: in broker.tailed */
    TAILQ_ENTRY(feed) in_tailed;
    struct position fresh_since; /* what was pushed in this turn comes after this */

    struct page_cache pages;    /* pages of the log, for those behind the tail */
    struct member_list waiting; /* members that want a page */
    bool is_reading;            /* a page is on its way */
    bool is_wanted;             /* in broker.wanted: a page is to be asked for */
    TAILQ_ENTRY(feed) in_wanted;
    bool is_tended; /* in broker.tended: not just live and quiet */
    TAILQ_ENTRY(feed) in_tended;

    size_t name_len;
    char name[];
};

/* The feed of this name, made where it is missing. NULL: no memory. */
struct feed *feed_get(struct broker *broker, const char *name, size_t len);
struct feed *feed_find(struct broker *broker, const char *name, size_t len);
void feed_free(struct feed *feed);
void feed_add(struct feed *feed, struct member *member);
/* The last member's leaving ends the feed. */
void feed_remove(struct feed *feed, struct member *member);

/* Redis comes and goes. */
void feed_join(struct feed *feed);
void feed_away(struct feed *feed);
/* Before it goes away: members that have everything up to the last flush keep that as their cursor. */
void feed_settle(struct feed *feed);
void feed_confirmed(struct feed *feed);
/* Heard on live (or, ephemeral, on the channel itself). */
void feed_hear(struct feed *feed, struct entry *entry);
/* This member's subscriber waits for a page; or it has what it needs. */
void feed_want_page(struct feed *feed, struct member *member);
void feed_want_no_page(struct feed *feed, struct member *member);
/* Ask for the page that the members want; from the end of the turn. */
void feed_read(struct feed *feed);
/* Its tail has changed: count it, as the one that changed last. */
void feed_count_tail(struct feed *feed);
/* Give its tail back; whoever lacks what was in it reads the log. */
void feed_drop_tail(struct feed *feed);
/* Wake members that do not know their start yet. false: there are none. */
bool feed_wake_unstarted(struct feed *feed);
/* What is remembered from before this is void: the keyspace began anew there, or Redis lost something. After the flush. */
void feed_forget(struct feed *feed, struct position before);
/* See to it once a second, for as long as there is something to see to. */
void feed_tend(struct feed *feed);
/* Give back pages that nobody used for a while, ask again for what did not come. */
void feed_sweep(struct feed *feed, uint64_t now_ms);
/* The newest position up to which this feed's entries are known. */
struct position feed_heard(const struct feed *feed);

/* --- subscribers -------------------------------------------------------------------------------------------------- */

enum subscriber_state {
    SUB_IDLE,    /* no feeds */
    SUB_BEHIND,  /* in broker.behind: the pump will see to it at the end of this turn */
    SUB_WAITING, /* for a feed to become live, for a page, or for Redis to tell the start */
    SUB_FULL,    /* its socket is full */
    SUB_LIVE,    /* has been given everything that its feeds' tails hold */
};

struct subscriber {
    const struct sink_ops *ops; /* from here to is_unmerged: what a delivery needs, see fetch_ahead() */
    void *sink;
    struct position cursor;
    unsigned member_count;
    uint8_t state; /* enum subscriber_state */
    uint8_t format;
    bool has_cursor;
    bool is_unmerged; /* some member catches up by itself */
    struct broker *broker;
    struct member *members;
    bool is_verified;   /* the cursor is one of ours, not ahead of all positions */
    bool is_asking;     /* Redis was asked for the newest entries */
    bool is_at_horizon; /* behind, but only until more is heard */
    bool asks_for_kept; /* started with all that is kept, or the newest of it: what is gone is no gap */
    struct start start;
    TAILQ_ENTRY(subscriber) in_behind;
    uint64_t id; /* the ticket of its question; 0: never asked */
    UT_hash_handle by_id;
};

/* The only writer of state. */
void subscriber_enter(struct subscriber *s, enum subscriber_state state, const char *why);
/* Something changed for it: let the pump see to it at the end of this turn (unless its socket is full). */
void subscriber_wake(struct subscriber *s, const char *why);
/* Read on from this cached (NULL: from none); it stays in memory until then. */
void member_pin(struct member *member, struct cached_page *cached);
/* The position after which this member's entries are wanted. */
struct position member_after(const struct member *member);

/* --- the pump ----------------------------------------------------------------------------------------------------- */

/* Move the cursor forward as far as one write goes, and enter the state that follows. */
void pump(struct subscriber *s);
/* Give what this turn brought on a feed to all its members that are live. */
void pump_fresh(struct feed *feed);

/* --- the broker --------------------------------------------------------------------------------------------------- */

TAILQ_HEAD(feed_list, feed);
TAILQ_HEAD(subscriber_list, subscriber);

struct broker {
    struct broker_config config;
    struct loop *loop;
    struct listener *listener;
    struct caller *caller;
    struct timer *beat;
    char worker[NAMES_TOKEN_MAX]; /* names this worker's beat channel */
    char beat_channel[NAMES_MAX], control_channel[NAMES_MAX];
    uint64_t heard_ms, heard_beat_ms, answered_beat_ms, heard_recorder_ms, up_ms; /* heard_ms: anything */

    struct feed *feeds, *feeds_by_id;
    struct subscriber *asking; /* by id */
    uint64_t last_id;
    struct feed_list dirty, wanted, tended;
    struct feed_list tailed; /* with something in their tails, the one that was quiet longest first */
    size_t tail_bytes;
    struct subscriber_list behind;
    bool is_hurried;  /* someone waits for the live connection to be as far as the log */
    bool is_beating;  /* a beat was sent, and has not been heard */
    uint64_t turn_ms; /* when this turn's pumping began */
    unsigned heard;   /* messages from Redis, in this turn */
    size_t heard_bytes;
    bool has_news;   /* something was heard since all who are behind were last looked at */
    bool is_freeing; /* answers that are owed to others are dropped */
    bool is_walking; /* sinks are being called: nobody may be freed */

    struct position newest;      /* the newest position heard, of an entry or a beat */
    struct position watermark;   /* everything up to here has been heard on every copy of it */
    struct position flushed;     /* the watermark when the last turn ended: what live subscribers have been given */
    struct position void_before; /* heard in this turn: what is remembered from before this is void ... */
    bool has_void, is_lost;      /* ... because Redis lost something, else because it was flushed */
    struct entry *last_entry;    /* the last one made from live: overlapping patterns bring copies */

    struct buffer scratch; /* what the pump puts together */
    unsigned publishing;
    struct broker_status counters;
};

/* What an answer from Redis means to whoever asked. */
enum answer broker_answer(struct reply reply);

/* Somebody is at the horizon of what was heard: have the next beat come at once. */
void broker_hurry(struct broker *broker);

#endif
