/*
 * broker.h - the door of the broker: who listens to what, and what each has been given.
 *
 * Story     A subscriber is a cursor over a set of feeds (a feed: one channel, or a pattern of channels). Whatever
 *           comes after its cursor it is given, in position order, each entry at most once, through the sink that it
 *           was born with: from the tails in memory where they reach back far enough, else from pages of the log. There
 *           is no queue per subscriber; a full socket just leaves its cursor where it is.
 *
 *           transport                      broker                          Redis
 *           subscriber_new ───────────────► cursor
 *           subscriber_add "chat:lobby" ──► feed ── subscribe, then read ──► live, log
 *           sink.cursor    ◄─────────────── the place to start from is known
 *           sink.subscribed◄─────────────── caught up
 *           sink.write     ◄─────────────── all that a loop turn brought, one write
 *           (SINK_FULL)    ───────────────► left alone until subscriber_writable()
 *
 * Promise   A sink is called from the end of a loop turn only, never from within subscriber_new/_add/_remove/_writable,
 *           and never after subscriber_free(). A sink must not call subscriber_free() or
 *           subscriber_add() from within its own callbacks: it notes what it wants and does it from the loop.
 * Speaks    of Redis only through positions and entries; no sockets.
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "base/check.h"
#include "words/entry.h"
#include "words/gap.h"
#include "words/glob.h"
#include "words/position.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct broker;
struct loop;
struct redis_config;
struct subscriber;

/* --- the broker: one per worker --------------------------------------------------------------------------------- */

struct broker_config {
    const struct redis_config *redis;  /* borrowed for the broker's life */
    const struct glob_list *ephemeral; /* channels without history; borrowed */
    bool needs_recorder;               /* plain PUBLISH is recorded somewhere: not ready before it is */
    size_t tail_entries;               /* newest entries kept in memory per feed, at most */
    size_t tail_bytes;                 /* and their bytes, at most */
    size_t tails_bytes;                /* of all feeds together: beyond it, the quiet ones keep nothing */
    entry_encode_fn encode;            /* the wire formats */
};

/* Connects in the background; NULL: no memory. */
MUST_CHECK struct broker *broker_new(struct loop *loop, const struct broker_config *config);
/* All subscribers must be gone. Answers to publishes and histories still owed are dropped. */
void broker_free(struct broker *broker);

struct broker_status {
    bool is_ready;
    char reason[160];          /* why not, a sentence; "" where ready */
    struct position watermark; /* everything up to here has been heard */
    unsigned feeds, subscribers;
    uint64_t entries_heard, holes_filled, pages_read, gaps_told, links_lost;
};
void broker_status(const struct broker *broker, struct broker_status *out);

/* --- subscribers ------------------------------------------------------------------------------------------------ */

enum sink_result {
    SINK_READY, /* more may come at once */
    SINK_FULL,  /* what was given is taken, whole, but nothing more before subscriber_writable() */
};

struct sink_ops {
    /* The next bytes of the wire format, whole entries, in order. There are BUFFER_HEADROOM bytes before `bytes` that
     * the sink may overwrite; the bytes themselves are shared with others and must stay as they are. */
    enum sink_result (*write)(void *sink, char *bytes, size_t len);
    /* Entries are missing before what comes next. */
    enum sink_result (*gap)(void *sink, const struct gap *gap);
    /* Called once: where this subscriber starts. Comes before anything else. */
    enum sink_result (*cursor)(void *sink, struct position cursor);
    /* The feed added with this tag is caught up: from now on the subscriber's cursor covers it. */
    enum sink_result (*subscribed)(void *sink, const char *name, uint64_t tag, struct position cursor);
};

enum start_kind {
    START_NOW,    /* what is published from now on */
    START_AFTER,  /* what comes after `after` (POSITION_BEGIN: all that is kept) */
    START_NEWEST, /* the newest `count` entries over all feeds that share this start, then what comes */
};

struct start {
    enum start_kind kind;
    struct position after;
    unsigned count;
};

/* A subscriber without feeds. `format` is handed to config.encode. NULL: no memory. */
MUST_CHECK struct subscriber *subscriber_new(struct broker *broker, const struct sink_ops *ops, void *sink,
                                             unsigned format);

enum add_result { ADD_OK, ADD_ALREADY, ADD_NO_MEMORY };

/*
 * Listen to a channel or pattern too. Feeds added with the same start before sink.cursor came share it, and one cursor;
 * any other feed first catches up from its own start to the cursor of the others. `tag` comes back in sink.subscribed.
 */
enum add_result subscriber_add(struct subscriber *s, const char *name, size_t len, const struct start *start,
                               uint64_t tag);
/* false: it does not listen to that. */
bool subscriber_remove(struct subscriber *s, const char *name, size_t len);
unsigned subscriber_feeds(const struct subscriber *s);

/* The socket drained: the sink may be called at the end of this turn. */
void subscriber_writable(struct subscriber *s);

/* The cursor that a heartbeat may tell: everything asked for up to here has been given. false: none is known yet. */
bool subscriber_cursor(struct subscriber *s, struct position *out);

/* Leave all feeds and be gone; the sink is not called again. Not from within a sink callback. NULL is fine. */
void subscriber_free(struct subscriber *s);

/* --- publishing and reading, once ------------------------------------------------------------------------------- */

enum answer {
    ANSWER_OK,
    ANSWER_UNAVAILABLE, /* Redis is away: nothing was sent, or it can't be known what became of it */
    ANSWER_REFUSED,     /* Redis said no; the text says why */
};

struct publish_request {
    const char *channel, *event, *from, *key, *payload; /* event, from, key: "" where absent */
    size_t channel_len, event_len, from_len, key_len, payload_len;
};

/* Called once, from the loop, never from within broker_publish(); `ticket` is the caller's own number, so that it can
 * find whoever asked, if they are still there. */
typedef void (*publish_fn)(void *arg, uint64_t ticket, enum answer answer, struct position position, const char *text);

void broker_publish(struct broker *broker, const struct publish_request *request, publish_fn fn, void *arg,
                    uint64_t ticket);
/* Publishes that were sent and not answered yet. */
unsigned broker_publishing(const struct broker *broker);

struct history {
    unsigned count;
    struct entry **entries; /* borrowed during the callback */
    unsigned gap_count;
    const struct gap *gaps;
    struct position cursor; /* go on from here */
    bool has_more;
};
typedef void (*history_fn)(void *arg, uint64_t ticket, enum answer answer, const struct history *history,
                           const char *text);

/* Up to `limit` entries of these channels and patterns from `start`, oldest first (START_NOW means POSITION_BEGIN). */
void broker_history(struct broker *broker, const struct bytes *names, unsigned count, const struct start *start,
                    unsigned limit, history_fn fn, void *arg, uint64_t ticket);

#endif
