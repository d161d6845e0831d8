/*
 * leaving.h - how a recorder shuts down: it hands the seat over instead of letting it expire, and loses no numbered
 * message if RECORDER_LEAVE_MS is enough.
 *
 * Promise   `left` is called once, from the loop: when another member takes over, when nothing is left to record, or
 *           after about RECORDER_LEAVE_MS plus a command's deadline.
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
    struct timer *timer;   /* of leaving_try; the recorder makes and frees it */
    uint64_t by_ms;        /* from then on the node leaves by force: what is not recorded is dropped */
    void (*left)(void *arg);
    void *arg;
};

void leaving_begin(struct leaving *leaving, void (*left)(void *arg), void *arg);
/* The timer's callback. */
void leaving_try(void *leaving);

#endif
