/*
 * attending.h - a node tells Redis regularly what it knows, is told what it is, and hears whether it hears.
 *
 * Promise   One question at a time. What changes while an answer is owed makes another one follow; an answer from before
 *           the change is not obeyed.
 */
#ifndef RECORDER_ATTENDING_H
#define RECORDER_ATTENDING_H

#include "pulse.h"

#include <stdbool.h>
#include <stdint.h>

struct caller;
struct node;

struct attending {
    struct caller *caller; /* borrowed */
    struct node *node;     /* borrowed */
    uint64_t lease_ms;
    uint64_t tick_ms;
    bool is_owed;           /* an answer */
    bool is_wanted_again;   /* something changed while it was owed */
    bool is_failing;        /* the newest answer was an error, and that was logged */
    bool is_one_too_many;   /* two others hold and stand by, as Redis sees it */
    unsigned waiting_ticks; /* for so long */
    unsigned ticks;
    struct pulse pulse;
};

/* A new node. */
void attending_begin(struct attending *attending);
/* Ask, or where an answer is owed, ask again behind it. Nothing where the node or the connection is away. */
void attending_now(struct attending *attending);
/* Ask with the next tick. */
void attending_soon(struct attending *attending);
/* Anything was heard; the word that Redis says to a node that attends? */
void attending_hear(struct attending *attending, bool is_own);
/* A tick has passed. -> why the node should begin anew; NULL: it should go on. */
const char *attending_tick(struct attending *attending);

#endif
