/*
 * node.h - the recording state of one pub/sub connection: does it receive everything, and with which ordinals?
 *
 * Story     See node.c. The recorder passes it the control messages and the answers of attend; the node changes state,
 *           numbers what the scribe has queued, and tells the scribe whether to send it.
 * Owns      nothing.    Borrows  config, listener, caller and scribe, for its life.
 * Fields    The recorder sets those up to `arg`, the others are zero; then anyone may read them, and only node.c writes
 *           them.
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
    NODE_AWAY,     /* receives nothing; what was numbered before is still sent, as its ordinals stay valid */
    NODE_WAITING,  /* receives control only, as long as others hold and stand by */
    NODE_ENTERING, /* subscribes to everything, then queues what it receives and asks for its place */
    NODE_JOINING,  /* its place is known, and nothing queued had been recorded by then; ordinals still unknown */
    NODE_SYNCED,   /* numbers what it receives; keeps what is not recorded */
    NODE_HOLDING,  /* the same, and holds the seat: sends what it keeps to be recorded */
};

struct node_events {
    void (*entered)(void *arg, enum node_state state);
    void (*changed)(void *arg); /* the node knows something new: attend at once */
};

/* A point in the message order that all nodes share. */
struct place {
    uint64_t nonce;      /* of the newest sync, the call that asks for the place */
    uint64_t asked_ms;   /* when that was sent */
    bool is_begin_known; /* ENTERING: are `era` and `last` known for the start of the queue? */
    uint64_t era;        /* ENTERING: the era at the start of the queue; JOINING: at the place */
    uint64_t last;       /* the last ordinal of that era that was recorded by then */
    uint64_t length;     /* JOINING: messages in the queue before the place */
};

struct node {
    const struct recorder_config *config;
    struct listener *listener;
    struct caller *caller;
    struct scribe *scribe;
    uint64_t filter_hash; /* of the settings that decide which messages count */
    struct node_events events;
    void *arg;
    char control[NAMES_MAX];     /* channel */
    char live[NAMES_MAX];        /* pattern: the announcements of all entries in database 0 ... */
    char spaced_live[NAMES_MAX]; /* ... and in the others */

    enum node_state state;
    char name[NAMES_TOKEN_MAX];
    char channel[NAMES_MAX];
    uint64_t serial;      /* how many nodes there were: answers to an earlier one are ignored */
    uint64_t generation;  /* counts changes of state and place: answers to older questions are stale */
    unsigned unconfirmed; /* ENTERING: subscriptions still to be confirmed */
    struct place place;
    uint64_t heard; /* the newest number that came on its own channel; 0: none */
    struct {
        uint64_t era, ordinal;
    } announced;       /* the newest plain message that was recorded */
    bool falls_silent; /* it has unsubscribed from plain messages ... */
    bool is_silent;    /* ... which Redis has confirmed: it receives none any more */
    bool has_left;     /* the recorder has left: the node attends no more */

    bool had_place;       /* it held, stood by, or waited behind others, at least once */
    uint64_t eras;        /* how many it opened */
    uint64_t places_lost; /* connections lost while it held or stood by */
};

/* --- its connection ----------------------------------------------------------------------------------------------- */

/* The listener is up: a new node, which subscribes to control and to its own channel. */
void node_arrive(struct node *node);
/* The previous node's queue is empty, and control is confirmed: AWAY -> WAITING. */
void node_start(struct node *node);
/* A pattern was confirmed. true: it was the last, and from here on the node receives everything. */
bool node_confirm(struct node *node);
/* The node's own channel was confirmed. */
void node_confirm_own(struct node *node);
/* The listener is down. */
void node_lose(struct node *node, const char *why);
/* The node's place is not valid any more: drop the connection, the next one is a new node. `why` is a literal. */
void node_restart(struct node *node, const char *why);

/* --- what it receives --------------------------------------------------------------------------------------------- */

/* A message on control; only sync, place and era matter here, the others are ignored. */
void node_hear(struct node *node, const struct control_word *word);
/* A plain message was announced as recorded under this ordinal. */
void node_hear_recorded(struct node *node, uint64_t era, uint64_t ordinal);
/* A message on its own channel. */
void node_hear_own(struct node *node, struct bytes payload);
/* An answer of attend. Not one from before the newest change of state or place. */
void node_obey(struct node *node, const struct attend_reply *attend);

/* --- what it reports ---------------------------------------------------------------------------------------------- */

/* What the node knows, for attend; the caller adds the lease. Not while AWAY. */
struct attendance node_attendance(const struct node *node);
/* Repeat the sync if the node still needs a place or its ordinal, and the newest sync is older than this. */
void node_ask_again(struct node *node, uint64_t after_ms);
/* Receive no further plain messages, because the node is about to leave, and none is there to take over. From then on it gives
 * no other node a place, as it would not know the right ordinal. No effect the second time. */
void node_fall_silent(struct node *node);
/* The recorder has left: attend no more. */
void node_retire(struct node *node);

/* --- questions ---------------------------------------------------------------------------------------------------- */

/* Does it know the ordinals of what it receives? */
static inline bool node_is_numbering(const struct node *node)
{
    return node->state == NODE_SYNCED || node->state == NODE_HOLDING;
}

/* Does it queue what it receives? */
bool node_is_queueing(const struct node *node);
/* Do the invariants of its state hold (see node.c)? */
bool node_is_sound(const struct node *node);

#endif
