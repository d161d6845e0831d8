/*
 * leaving.h - the way out: nothing that was heard may be lost by it, and the seat is handed over instead of expiring.
 *
 * Promise   `left` is called once, from the loop: when another member goes on, when there is nothing left to record, or at
 *           the latest after RECORDER_LEAVE_MS and an answer's deadline.
 */
#ifndef RECORDER_LEAVING_H
#define RECORDER_LEAVING_H

#include <stdint.h>

struct caller;
struct loop;
struct node;
struct scribe;
struct timer;

struct leaving {
    struct caller *caller; /* borrowed */
    struct node *node;     /* borrowed */
    struct scribe *scribe; /* borrowed */
    struct timer *timer;   /* owned, by whoever made it with leaving_try */
    uint64_t by_ms;        /* from then on it is late: what is not recorded is let go */
    void (*left)(void *arg);
    void *arg;
};

void leaving_begin(struct leaving *leaving, void (*left)(void *arg), void *arg);
/* What the timer calls. */
void leaving_try(void *leaving);

#endif
