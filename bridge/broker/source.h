/*
 * source.h - what one Redis is subscribed to, and the feeds that it serves.
 *
 *              sources_up             source_confirmed
 *   ┌──────┐ ────────────► ┌─────────┐ ────────────► ┌───────┐
 *   │ AWAY │  source_join  │ JOINING │               │ HEARD │
 *   └──────┘ ◄──────────── └─────────┘               └───────┘
 *       ▲     sources_down                               │
 *       └────────────────────────────────────────────────┘
 *
 *   AWAY     Redis is away: nothing is subscribed
 *   JOINING  the subscription is sent, not confirmed
 *   HEARD    confirmed: everything that is announced is heard
 *
 * Story     A source is one channel or pattern of Redis. Who wants to hear it joins; the first one subscribes, the last
 *           one that leaves unsubscribes. One that is left while JOINING stays until its confirmation has come, so that
 *           no confirmation is taken for another's.
 * Owns      itself.    Borrows  its clients, until source_leave().
 */
#ifndef BROKER_SOURCE_H
#define BROKER_SOURCE_H

#include "base/bytes.h"
#include "base/check.h"

#include <stdbool.h>
#include <sys/queue.h>
#include <uthash.h>

struct entry;
struct listener;
struct redis_config;
struct source;
struct source_client;

/* What a source says to its clients. None may be called from within source_join() but `confirmed`. */
struct source_ops {
    void (*joining)(struct source_client *client);   /* the subscription was sent */
    void (*confirmed)(struct source_client *client); /* from here on everything is heard */
    void (*away)(struct source_client *client);      /* the subscription is void */
    void (*heard)(struct source_client *client, struct entry *entry);
};

struct source_client {
    TAILQ_ENTRY(source_client) in_source;
    struct source *source;
    const struct source_ops *ops;
};

enum source_state { SOURCE_AWAY, SOURCE_JOINING, SOURCE_HEARD };

struct source {
    UT_hash_handle by_name;
    struct sources *all;
    TAILQ_HEAD(source_client_list, source_client) clients;
    enum source_state state;
    bool is_plain;   /* the channel itself is heard, not what is announced of it */
    bool is_pattern; /* it is subscribed as a pattern */
    size_t name_len;
    char name[]; /* as browsers ask for it */
};

/* All sources of one Redis. */
struct sources {
    struct source *by_name;
    struct listener *listener; /* borrowed */
    const struct redis_config *redis;
};

/* Hear this channel or pattern. `is_plain` is the name's own: the same for all who join it. false: no memory. */
MUST_CHECK bool source_join(struct sources *sources, struct bytes name, bool is_plain, struct source_client *client,
                            const struct source_ops *ops);
/* Not from within what the source says. */
void source_leave(struct source_client *client);

/* NULL: nobody hears it. */
struct source *source_find(const struct sources *sources, struct bytes name);
/* An entry came by it. */
void source_hear(struct source *source, struct entry *entry);
/* Redis confirmed the subscription to this channel or pattern of its own. */
void source_confirm(struct sources *sources, struct bytes subscription);

/* The connection is there: subscribe to all. */
void sources_up(struct sources *sources);
/* The connection is gone. */
void sources_down(struct sources *sources);
void sources_fini(struct sources *sources);

#endif
