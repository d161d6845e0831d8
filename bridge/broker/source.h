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
 *   AWAY     not subscribed: the listener is not connected
 *   JOINING  the subscription is sent, not confirmed
 *   HEARD    confirmed: everything that is announced is received
 *
 * Story     A source is one channel or pattern of Redis. Clients join it to receive its entries: the first one to join
 *           makes it subscribe, the last one to leave makes it unsubscribe. If the last one leaves while the source is
 *           JOINING, the source is kept until its confirmation comes, so that this is not mistaken for that of a later
 *           subscription.
 * Owns      itself: freed after the last client has left.    Borrows  its clients, until source_leave().
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

/* Callbacks from a source to its clients. source_join() itself may call `joining` and `confirmed`. */
struct source_ops {
    void (*joining)(struct source_client *client);   /* the subscription was sent */
    void (*confirmed)(struct source_client *client); /* from here on everything is received */
    void (*away)(struct source_client *client);      /* the connection, and with it the subscription, is lost */
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
    bool is_plain;   /* the plain channel is subscribed to, not its announcements */
    bool is_pattern; /* subscribed with PSUBSCRIBE */
    size_t name_len;
    char name[]; /* as browsers ask for it, without the prefix of live channels */
};

/* All sources of one Redis. */
struct sources {
    struct source *by_name;
    struct listener *listener; /* borrowed */
    const struct redis_config *redis;
};

/* Join the source of this channel or pattern. `is_plain` depends on the name alone: the same for all clients that join.
 * false: no memory. */
MUST_CHECK bool source_join(struct sources *sources, struct bytes name, bool is_plain, struct source_client *client,
                            const struct source_ops *ops);
/* Not from within the source's callbacks. */
void source_leave(struct source_client *client);

/* NULL: there is no such source. */
struct source *source_find(const struct sources *sources, struct bytes name);
/* Hand an entry that came by this source to its clients. */
void source_hear(struct source *source, struct entry *entry);
/* Redis confirmed a subscription; the name is the one that Redis uses. */
void source_confirm(struct sources *sources, struct bytes subscription);

/* The listener is connected: subscribe to all sources. */
void sources_up(struct sources *sources);
/* The listener lost its connection. */
void sources_down(struct sources *sources);
void sources_fini(struct sources *sources);

#endif
