/*
 * shard.h - one Redis, as this worker follows it: two connections, the beat, and how far everything was received.
 *
 * Story     `listener` receives announcements and the beat, `caller` publishes and reads. (Two connections, so that a
 *           long page never delays live entries.) A shard has an order of its own: positions of one shard can be
 *           compared, those of different shards can't.
 *
 *           The beat: once a second the worker has Redis announce the newest position to it, on the listener's
 *           connection. When the beat arrives, everything up to its position has been received. If it fails to arrive,
 *           the listener is deaf, whatever TCP thinks: the worker is not ready, and reconnects the listener.
 *
 *           The watermark: an entry may come in several copies (for an exact channel and for patterns), one after the
 *           other. So when an entry is received, only what is before it is certain to have been received on all feeds;
 *           a beat makes its own position certain.
 * Owns      its connections and its sources.    Borrows  the broker.
 */
#ifndef BROKER_SHARD_H
#define BROKER_SHARD_H

#include "redis/caller.h"
#include "redis/complaint.h"
#include "redis/config.h"
#include "redis/listener.h"
#include "redis/names.h"
#include "source.h"
#include "state.h"
#include "words/cursor.h"
#include "words/position.h"

/* Callbacks from a shard to its broker. */
struct shard_events {
    void (*going)(struct shard *shard); /* the listener lost its connection; the sources are notified next */
    void (*asked)(struct shard *shard); /* the caller is connected: what could not be asked can be asked now */
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
    struct feed_list tended;       /* feed_sweep() is called once a second */
    struct strand_list at_horizon; /* strands that wait until more is received */

    uint64_t up_ms;             /* when the listener came up, or was last restarted as deaf */
    uint64_t heard_ms;          /* when anything was received */
    uint64_t heard_beat_ms;     /* when a beat was received; 0: none since the listener came up */
    uint64_t answered_beat_ms;  /* when Redis last confirmed that it announced one */
    uint64_t heard_recorder_ms; /* when a recorder last reported that it is active; 0: none is known to be */
    uint64_t well_ms;           /* since when both connections have been up and Redis has answered; 0: they are not */
    struct complaint no_beat;   /* Redis refuses to beat */
    struct complaint no_record; /* Redis refuses to record */
    bool is_beating;            /* a beat was asked for, and has not been received */
    unsigned heard;             /* messages received in this turn */
    size_t heard_bytes;         /* and their bytes */
    bool has_news;              /* something was received since strands at the horizon were last woken */

    struct position newest;      /* received, with an entry or a beat */
    struct position watermark;   /* every copy of every entry up to here has been received */
    struct position flushed;     /* the watermark at the end of the last turn: live strands were given all up to here */
    struct position void_before; /* if has_void: what is in memory from before this is void */
    bool has_void;               /* the keyspace is new, or Redis lost something, as reported in this turn */
    bool is_lost;                /* it lost something */
    struct entry *last_entry;    /* the last one received: overlapping subscriptions bring copies of it */
};

/* Connects in the background. false: no memory; shard_fini() must be called all the same. */
MUST_CHECK bool shard_init(struct shard *shard, struct broker *broker, unsigned index,
                           const struct shard_events *events);
/* Pending calls are answered with REPLY_DOWN before it returns. No feed may be left. */
void shard_fini(struct shard *shard);

/* Receive what the listener's socket still holds, within limits: hiredis reads only 16 KiB at a time, and what a turn
 * brings goes out in one write. Called at the end of a turn, before anything is given. */
void shard_hear_more(struct shard *shard);
/* Live strands have been given everything that was received. */
void shard_flushed(struct shard *shard);
/* A strand is at the horizon of what was received: ask for the next beat at once. */
void shard_hurry(struct shard *shard);

/* The place that a cursor has in this shard's order. *is_exact: it was given for this very shard, or there is only
 * one; false: it is the cursor's base, which holds for all shards alike. */
struct position shard_place(const struct shard *shard, const struct cursor *cursor, bool *is_exact);

/* Can this place be a moment by the clock of some shard? One later than all clocks is from elsewhere. */
bool shard_is_moment(struct position place);

/* Are both connections up? */
bool shard_is_up(const struct shard *shard);
/* Have both connections been up since then, and has Redis not refused a beat? */
bool shard_is_well_since(const struct shard *shard, uint64_t since_ms);
/* Why the shard is not ready, without a full stop at the end; "" if it is. */
void shard_trouble(const struct shard *shard, char *out, size_t size);

#endif
