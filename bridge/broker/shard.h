/*
 * shard.h - one Redis, as this worker follows it: two connections, the beat, and how far everything was heard.
 *
 * Story     `listener` hears what is announced and the beat, `caller` publishes and reads. (Two connections, so that a
 *           long page never stands in front of what is live.) A shard has an order of its own: positions of one shard
 *           are compared, those of two are not.
 *
 *           The beat: once a second Redis is asked to announce the newest position to this worker, on the listener's
 *           connection. When it arrives, everything up to it has been heard. When it stays away, the listener is deaf,
 *           whatever TCP thinks: the worker is not ready, and connects anew.
 *
 *           The watermark: an entry may come in several copies (an exact channel and patterns), one behind the other. So
 *           when an entry is heard, only what is before it is certain to have been heard on all feeds; a beat makes its
 *           own position certain.
 * Owns      its connections and its sources.    Borrows  the broker.
 */
#ifndef BROKER_SHARD_H
#define BROKER_SHARD_H

#include "redis/caller.h"
#include "redis/config.h"
#include "redis/listener.h"
#include "redis/names.h"
#include "source.h"
#include "state.h"
#include "words/cursor.h"
#include "words/position.h"

/* What a shard says to the one who made it. */
struct shard_events {
    void (*going)(struct shard *shard); /* the listener is gone; the sources are told next */
    void (*asked)(struct shard *shard); /* the caller is there: what could not be asked can be */
    void (*tick)(struct shard *shard);  /* once a second */
};

struct shard {
    struct broker *broker;
    unsigned index; /* in broker.shards */
    const struct redis_config *redis;
    const struct shard_events *events;
    struct listener *listener;
    struct caller *caller;
    struct timer *beat;
    char worker[NAMES_TOKEN_MAX]; /* names this worker's beat channel */
    char beat_channel[NAMES_MAX];
    char control_channel[NAMES_MAX];

    struct sources sources;
    struct feed *feeds;            /* by name */
    struct feed_list tended;       /* not just live and quiet */
    struct strand_list at_horizon; /* wait until more is heard */

    uint64_t up_ms;             /* when the listener came up, or was last given up as deaf */
    uint64_t heard_ms;          /* when anything was heard */
    uint64_t heard_beat_ms;     /* when a beat was heard */
    uint64_t answered_beat_ms;  /* when Redis answered that it announced one */
    uint64_t heard_recorder_ms; /* when a recorder said that it is at work; 0: none is */
    bool is_beating;            /* a beat was sent, and has not been heard */
    unsigned heard;             /* messages, in this turn */
    size_t heard_bytes;         /* of them */
    bool has_news;              /* something was heard since those at the horizon were last woken */

    struct position newest;      /* heard, of an entry or a beat */
    struct position watermark;   /* everything up to here has been heard on every copy of it */
    struct position flushed;     /* the watermark when the last turn ended: what is live has been given up to here */
    struct position void_before; /* where has_void: what is remembered from before this is void */
    bool has_void;               /* the keyspace began anew, or Redis lost something: heard in this turn */
    bool is_lost;                /* it is the latter */
    struct entry *last_entry;    /* the last one made from live: overlapping patterns bring copies */
};

/* Connects in the background. false: no memory; shard_fini() is to be called all the same. */
MUST_CHECK bool shard_init(struct shard *shard, struct broker *broker, unsigned index,
                           const struct shard_events *events);
/* What it owes is answered now; no feed is left. */
void shard_fini(struct shard *shard);

/* hiredis reads 16 KiB at a time, and what a turn brings goes out in one write: take what is there. At the end of a turn,
 * before anything is given. */
void shard_hear_more(struct shard *shard);
/* Everything heard was given to those who are live. */
void shard_flushed(struct shard *shard);
/* Somebody is at the horizon of what was heard: have the next beat come at once. */
void shard_hurry(struct shard *shard);

/* The place that a cursor has in this shard's order. *is_exact: it was told for this very shard; else it is the moment of
 * all shards. */
struct position shard_place(const struct shard *shard, const struct cursor *cursor, bool *is_exact);

/* Can it be a moment by the clock of some shard? What is later than all of them is from elsewhere. */
bool shard_is_moment(struct position place);

/* Both connections are there. */
bool shard_is_up(const struct shard *shard);
/* Why it is not ready, a sentence without its end; "" where it is. */
void shard_trouble(const struct shard *shard, char *out, size_t size);

#endif
