/*
 * node.h - one pub/sub connection's part in recording: does it hear everything, and which ordinal has what it hears?
 *
 * Story     See node.c. The recorder tells it what is heard and what Redis answers; it moves from state to state, numbers
 *           what the scribe has queued, and has the scribe send it or not.
 * Owns      nothing.    Borrows  config, listener, caller and scribe, for its life.
 * Fields    are read by whoever likes, and written by node.c alone.
 */
#ifndef RECORDER_NODE_H
#define RECORDER_NODE_H

#include "base/bytes.h"
#include "redis/names.h"
#include "redis/seat.h"

#include <stdbool.h>
#include <stdint.h>

struct caller;
struct control_word;
struct listener;
struct recorder_config;
struct scribe;

enum node_state {
    NODE_AWAY,     /* does not hear; what was heard and numbered before is still sent: its ordinals stay right */
    NODE_WAITING,  /* hears control only; two others hold and stand by */
    NODE_ENTERING, /* subscribes to everything; from then on it queues what it hears, and asks for its place */
    NODE_JOINING,  /* its place is known, and that nothing in the queue was recorded before; the ordinals are not */
    NODE_SYNCED,   /* numbers what it hears; keeps what is not recorded */
    NODE_HOLDING,  /* the same, and records it */
};

struct node_events {
    void (*entered)(void *arg, enum node_state state);
    void (*changed)(void *arg); /* Redis should be told at once what the node knows now */
};

/* A place in the order of what everybody hears. */
struct place {
    uint64_t nonce;      /* of the newest sync, which asks for it */
    uint64_t asked_ms;   /* when that was sent */
    bool is_begin_known; /* ENTERING: is it known what was recorded when the queue began? */
    uint64_t era;        /* the era then, and, JOINING, at the place */
    uint64_t last;       /* the last ordinal that was recorded of it then, and, JOINING, at the place */
    uint64_t length;     /* JOINING: messages in the queue before the place of the newest sync */
};

struct node {
    const struct recorder_config *config;
    struct listener *listener;
    struct caller *caller;
    struct scribe *scribe;
    uint64_t filter_hash; /* of the settings that decide which messages count */
    struct node_events events;
    void *arg;
    char control[NAMES_MAX];   /* channel */
    char live[NAMES_LIVE_MAX]; /* pattern: all entries */

    enum node_state state;
    char name[NAMES_TOKEN_MAX];
    char channel[NAMES_MAX];
    uint64_t serial;      /* how many nodes there were: an answer to an earlier one is nothing to this one */
    uint64_t generation;  /* of its state and place: an answer from before the newest change of them is stale */
    unsigned unconfirmed; /* ENTERING: subscriptions */
    struct place place;
    bool has_left; /* it gave up all that it had in Redis, and says nothing any more */

    bool had_place;       /* it held, stood by, or waited because others do, at least once */
    uint64_t eras;        /* that it opened */
    uint64_t places_lost; /* connections that went while it held or stood by */
};

/* The fields up to `arg` are set; the other ones are zero. */
void node_init(struct node *node);

/* --- its connection ----------------------------------------------------------------------------------------------- */

/* The listener is up: a new node, which subscribes to control and to its own channel. */
void node_arrive(struct node *node);
/* What the node before had queued is gone, and control is heard: AWAY -> WAITING. */
void node_start(struct node *node);
/* A pattern was confirmed. true: it was the last, and from here on the node hears everything. */
bool node_confirm(struct node *node);
/* The listener is down. */
void node_lose(struct node *node, const char *why);
/* Its place is void: give the connection up, the next one is a new node. `why` is a literal. */
void node_restart(struct node *node, const char *why);

/* --- what it is told ---------------------------------------------------------------------------------------------- */

/* A word on control that is about places or eras; the others are nothing to it. */
void node_hear(struct node *node, const struct control_word *word);
/* What Redis answered to what the node knows now. */
void node_obey(struct node *node, const struct attend_reply *attend);

/* --- what it says ------------------------------------------------------------------------------------------------- */

/* What it knows. Not while it is AWAY; the lease is not its business. */
struct attendance node_attendance(const struct node *node);
/* Where it wants a place, and asked for one longer ago than this: ask again. */
void node_ask_again(struct node *node, uint64_t after_ms);
/* It gave everything up. */
void node_retire(struct node *node);

/* --- questions ---------------------------------------------------------------------------------------------------- */

/* Does it know the ordinals of what it hears? */
static inline bool node_is_numbering(const struct node *node)
{
    return node->state == NODE_SYNCED || node->state == NODE_HOLDING;
}

/* Is what it hears queued? */
bool node_is_queueing(const struct node *node);
/* Is true in its state what node.c says is? */
bool node_is_sound(const struct node *node);

#endif
