/*
 * attending.h - a node regularly reports to Redis what it knows (attend), gets its role back, and checks that its
 * pub/sub connection still receives.
 *
 * Promise   One call at a time. If the node changes while an answer is pending, another call follows it, and the answer
 *           from before the change is ignored.
 */
#ifndef RECORDER_ATTENDING_H
#define RECORDER_ATTENDING_H

#include "pulse.h"
#include "redis/complaint.h"

#include <stdbool.h>
#include <stdint.h>

struct caller;
struct node;

struct attending {
    struct caller *caller; /* borrowed */
    struct node *node;     /* borrowed */
    uint64_t lease_ms;
    uint64_t tick_ms;
    bool is_owed;               /* an answer is pending */
    bool is_wanted_again;       /* attend again once it has arrived */
    struct complaint complaint; /* of the newest answer */
    bool is_one_too_many;       /* according to Redis, two other nodes hold and stand by */
    unsigned waiting_ticks;     /* for how many ticks */
    unsigned ticks;
    struct pulse pulse;
};

/* Reset for a new node. */
void attending_begin(struct attending *attending);
/* Attend, or if an answer is pending, attend again after it. No effect while the node is AWAY or has left, or while the
 * caller is not connected. */
void attending_now(struct attending *attending);
/* Attend with the next tick. */
void attending_soon(struct attending *attending);
/* A pub/sub message arrived; is_own: it is the one that Redis publishes to a node that attends. */
void attending_hear(struct attending *attending, bool is_own);
/* A tick has passed. -> why the node should restart (static text); NULL: it should go on. */
const char *attending_tick(struct attending *attending);

#endif
