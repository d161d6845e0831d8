/*
 * redis.h - the door of the Redis room: the only place that knows hiredis, key names and the Lua library.
 *
 * Story     Two kinds of connection, each of which keeps itself alive (resolve, connect, TLS, AUTH, SELECT, and after a
 *           loss again, with full-jitter back-off from 50 ms to 1 s):
 *             listener  hears pub/sub, in the order in which Redis executed things
 *             caller    calls functions of our library, which it loads on each connect; pipelined, answers in order
 * Promise   An answer comes exactly once per call, from the loop, never from within the call; also when the connection
 *           dies (REPLY_DOWN). What is owed when a caller is freed is answered REPLY_DOWN before _free() returns; after
 *           that no callback comes.
 * Tickets   A callback's `ticket` is the caller's own number for whoever asked; they may be gone by then.
 */
#ifndef REDIS_REDIS_H
#define REDIS_REDIS_H

#include "base/check.h"
#include "words/entry.h"
#include "words/glob.h"
#include "words/position.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

/* --- settings --------------------------------------------------------------------------------------------------- */

#define REDIS_URL_PART_MAX 512
#define REDIS_PREFIX_MAX 64

struct redis_config {
    char host[REDIS_URL_PART_MAX]; /* empty where `path` is set */
    char path[REDIS_URL_PART_MAX]; /* of a unix socket */
    char user[REDIS_URL_PART_MAX];
    char password[REDIS_URL_PART_MAX];
    unsigned port, db;
    bool tls;
    char prefix[REDIS_PREFIX_MAX]; /* of keys and internal channels, "bridge:" */
    uint64_t history_length;       /* entries */
    uint64_t history_ttl_ms;
    size_t max_payload;   /* bytes */
    uint64_t deadline_ms; /* for connecting, and for each command */
};

/*
 * Parse redis://, rediss:// or unix:// with user, password (percent-encoded) and db. NULL where it is good, else what
 * is wrong with it (static text).
 */
MUST_CHECK const char *redis_config_parse_url(struct redis_config *config, const char *url);

/* Is this one of our own channel or key names, which nobody outside may touch? */
bool redis_name_is_internal(const struct redis_config *config, const char *name, size_t len);

/* --- listener --------------------------------------------------------------------------------------------------- */

struct listener;

struct heard {
    struct bytes pattern; /* len 0: heard by an exact subscription */
    struct bytes channel;
    struct bytes payload;
};

struct listener_events {
    void (*up)(void *arg);                    /* connected; nothing is subscribed */
    void (*down)(void *arg, const char *why); /* lost, or could not connect: all subscriptions are void */
    void (*confirmed)(void *arg, bool is_pattern, struct bytes name); /* from here on everything on it is heard */
    void (*message)(void *arg, const struct heard *heard);
};

MUST_CHECK struct listener *listener_new(struct loop *loop, const struct redis_config *config, const char *role,
                                         const struct listener_events *events, void *arg);
void listener_free(struct listener *listener);
bool listener_is_up(const struct listener *listener);
/* Why it is not up; "" where nothing went wrong yet. */
const char *listener_trouble(const struct listener *listener);

/* Only while it is up. Names are raw Redis channel names or patterns. */
void listener_subscribe(struct listener *listener, bool is_pattern, const char *name, size_t len);
void listener_unsubscribe(struct listener *listener, bool is_pattern, const char *name, size_t len);
/* More may have come than the loop brought: hear it now. Not from within an event. */
void listener_hear_more(struct listener *listener);
/* Give this connection up, now, and connect anew: it is deaf. */
void listener_restart(struct listener *listener, const char *why);

/* --- what is announced on live ---------------------------------------------------------------------------------- */

struct announcement {
    struct entry_source source; /* points into what was heard */
    bool is_echoed;             /* the same payload follows as a plain message */
    uint64_t era, ordinal;      /* of a recorded plain message, else 0 */
};

/* Is it on a live channel of this prefix, and whole? */
MUST_CHECK bool announcement_parse(const struct redis_config *config, const struct heard *heard,
                                   struct announcement *out);

#define LIVE_NAME_MAX (REDIS_PREFIX_MAX + 8 + 2 * CHANNEL_LEN_MAX)
/* The name under which entries of a channel (or of the channels of a pattern) are announced; its length comes back. */
size_t live_name(const struct redis_config *config, const char *name, size_t len, char out[static LIVE_NAME_MAX]);

/* --- caller ----------------------------------------------------------------------------------------------------- */

struct caller;

struct caller_events {
    void (*up)(void *arg);
    void (*down)(void *arg, const char *why);
};

MUST_CHECK struct caller *caller_new(struct loop *loop, const struct redis_config *config, const char *role,
                                     const struct caller_events *events, void *arg);
void caller_free(struct caller *caller);
bool caller_is_up(const struct caller *caller);
const char *caller_trouble(const struct caller *caller);

enum reply_status {
    REPLY_OK,
    REPLY_DOWN,  /* not connected, or the connection died: it may or may not have been executed */
    REPLY_ERROR, /* Redis answered with an error; the text says which */
};

struct reply {
    enum reply_status status;
    const char *text; /* the error; "" where there is none */
};

/* A publish in the durable way: log, live, and the plain channel. With a key, a repeat answers the first position. */
struct publication {
    struct bytes channel, payload, event, from, key;
};
typedef void (*caller_position_fn)(void *arg, uint64_t ticket, struct reply reply, struct position position);
void caller_publish(struct caller *caller, const struct publication *publication, caller_position_fn fn, void *arg,
                    uint64_t ticket);

/* PUBLISH and nothing else, for channels without history; the position is 0-0. */
void caller_publish_plain(struct caller *caller, struct bytes channel, struct bytes payload, caller_position_fn fn,
                          void *arg, uint64_t ticket);

/* Publish the newest position to the channel `<prefix>beat:<worker>`; also sweeps what expired. */
void caller_beat(struct caller *caller, const char *worker, caller_position_fn fn, void *arg, uint64_t ticket);

/* Say of which position (and of which channel's entry, where one is named) this process was told. Where Redis does not
 * have it any more, that is logged, and told to all on control: `lost <position>`; cursors before that may miss something. */
void caller_witness(struct caller *caller, struct position position, struct bytes channel);

/* The position after which the newest `count` entries of these channels and patterns come. */
void caller_newest(struct caller *caller, const struct bytes *names, unsigned count, unsigned newest,
                   caller_position_fn fn, void *arg, uint64_t ticket);

/*
 * A page: what the logs of some channels or patterns hold after a position, oldest first, and what is needed to tell
 * whether a cursor at or behind `after` misses something.
 */
struct log_extent {
    bool has_log;            /* some entry is kept */
    struct position oldest;  /* the oldest kept, where has_log */
    struct position trimmed; /* cursors before this miss trimmed entries; POSITION_BEGIN: none do */
    struct position expired; /* cursors before this may miss expired entries; POSITION_BEGIN: none do */
};
struct page {
    struct position after;  /* the entries are those after this ... */
    struct position until;  /* ... up to this */
    struct position newest; /* the newest position of all, when it was read */
    struct position genesis;
    struct position lost; /* cursors before this may miss what Redis itself lost; POSITION_BEGIN: none do */
    bool has_more;        /* there are entries after `until` */
    unsigned count;
    struct entry **entries; /* borrowed; take a count to keep one */
    unsigned extent_count;  /* one per name that was asked for */
    struct log_extent *extents;
};
typedef void (*caller_page_fn)(void *arg, uint64_t ticket, struct reply reply, const struct page *page);
void caller_read(struct caller *caller, const struct bytes *names, unsigned count, struct position after,
                 unsigned limit, caller_page_fn fn, void *arg, uint64_t ticket);

/* --- caller, for the recorder (recorder.c tells the protocol, library.lua what each function does) ------------------ */

enum record_result { RECORD_OK, RECORD_STALE, RECORD_HOLE };
typedef void (*caller_record_fn)(void *arg, uint64_t ticket, struct reply reply, enum record_result result,
                                 uint64_t last);
/* Append `count` plain messages with the ordinals first, first + 1, …; those recorded already are passed over. An empty
 * channel stands for as many ordinals as its payload says, and for no message. */
void caller_record(struct caller *caller, uint64_t era, uint64_t first, const struct bytes *channels,
                   const struct bytes *payloads, unsigned count, caller_record_fn fn, void *arg, uint64_t ticket);

/* Names of nodes and their channels: who is subscribed to it is heard. */
#define NODE_MAX 24
#define NODE_CHANNEL_MAX (REDIS_PREFIX_MAX + NODE_MAX + 8)
void node_channel(const struct redis_config *config, const char *node, char out[static NODE_CHANNEL_MAX]);

enum node_claim { CLAIM_WAITING, CLAIM_JOINING, CLAIM_SYNCED };
enum node_role { ROLE_HOLDER, ROLE_STANDBY, ROLE_WAITING, ROLE_ANEW, ROLE_GONE };
struct attendance {
    const char *node;
    uint64_t lease_ms;
    uint64_t filter_hash;
    enum node_claim claim;
    uint64_t era, number; /* JOINING: the last recorded ordinal at its place; SYNCED: the first it has */
};
struct attend_reply {
    enum node_role role;
    uint64_t era, last; /* as they are now */
};
typedef void (*caller_attend_fn)(void *arg, uint64_t ticket, struct reply reply, struct attend_reply attend);
void caller_attend(struct caller *caller, const struct attendance *attendance, caller_attend_fn fn, void *arg,
                   uint64_t ticket);

typedef void (*caller_done_fn)(void *arg, uint64_t ticket, struct reply reply);
/* Have `sync <node> <nonce> <filter_hash> <era> <last>` told on control. */
void caller_sync(struct caller *caller, const char *node, uint64_t nonce, uint64_t filter_hash, caller_done_fn fn,
                 void *arg, uint64_t ticket);
/* Have `place <node> <nonce> <era> <ordinal>` told on control, where the era is current. */
void caller_place(struct caller *caller, uint64_t era, const char *node, uint64_t nonce, uint64_t ordinal,
                  caller_done_fn fn, void *arg, uint64_t ticket);

enum leave_result { LEAVE_LEFT, LEAVE_COMING, LEAVE_ALONE };
typedef void (*caller_leave_fn)(void *arg, uint64_t ticket, struct reply reply, enum leave_result result);
/* Give everything up at once, told on control as `vacant`; without force only where another member goes on. */
void caller_leave(struct caller *caller, const char *node, bool force, caller_leave_fn fn, void *arg, uint64_t ticket);

/* Wait until the inbox holds something, at most that long; an answer says no more than that it is time to look. */
void caller_inbox_wait(struct caller *caller, uint64_t wait_ms, caller_done_fn fn, void *arg, uint64_t ticket);
struct inbox_reply {
    uint64_t done, rejected;
    struct bytes why; /* the newest rejection's reason; borrowed */
};
typedef void (*caller_inbox_fn)(void *arg, uint64_t ticket, struct reply reply, struct inbox_reply inbox);
/* Record what is in the inbox, at most `limit` entries of it. */
void caller_inbox(struct caller *caller, const struct glob_list *served, const struct glob_list *ephemeral,
                  unsigned limit, caller_inbox_fn fn, void *arg, uint64_t ticket);

#endif
