/*
 * scribe.h - what was heard goes to the log: the queue, and the calls that record it.
 *
 * Story     The scribe is told each plain message that counts, in order. Once it knows what ordinals they have, and
 *           while it is to send, it sends them in batches, several at a time on the wire, and again whenever it is not
 *           sure: a duplicate is nothing.
 * Promise   Memory is bounded. Over the bound messages are passed over (they keep their ordinals), counted and told;
 *           nothing else is ever lost here.
 * Borrows   the caller, for its life.
 */
#ifndef RECORDER_SCRIBE_H
#define RECORDER_SCRIBE_H

#include "base/check.h"
#include "words/glob.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct caller;
struct scribe;

struct scribe_events {
    /* Nothing is queued any more. */
    void (*drained)(void *arg);
    /* What is queued can't be recorded as it is numbered: there is another era, or the log went back. */
    void (*refused)(void *arg);
};

MUST_CHECK struct scribe *scribe_new(struct loop *loop, struct caller *caller, const struct scribe_events *events,
                                     void *arg);
void scribe_free(struct scribe *scribe);

/* Forget everything: what comes next is the first, and nobody knows its ordinal. */
void scribe_begin(struct scribe *scribe);
/* The next message that counts. */
void scribe_hear(struct scribe *scribe, struct bytes channel, struct bytes payload);
/* The next one that counts is one that can't be recorded. */
void scribe_pass(struct scribe *scribe);
/* What is queued has the ordinals from `first` on in this era. What is before 1 is not the era's, and is let go. */
void scribe_number(struct scribe *scribe, uint64_t era, int64_t first);
/* Send, or leave it to somebody else. */
void scribe_send(struct scribe *scribe, bool sends);
/* At the end of each turn: all that the turn brought goes out in as few calls as it takes. */
void scribe_flush(struct scribe *scribe);
/* Everything up to here is recorded. */
void scribe_drop(struct scribe *scribe, uint64_t ordinal);
/* A message was announced as recorded, and it is the same as the one that is queued under that ordinal, if any; false:
 * it isn't, so the numbers have drifted. */
MUST_CHECK bool scribe_agrees(struct scribe *scribe, uint64_t ordinal, struct bytes channel, struct bytes payload);
/* The connection is there again: whatever was sent before may be lost. */
void scribe_on_caller_up(struct scribe *scribe);

bool scribe_is_empty(const struct scribe *scribe);
bool scribe_sends(const struct scribe *scribe);
/* What is queued is exactly what was heard and is not known to be recorded, and no more is on the wire than may be. */
bool scribe_is_sound(const struct scribe *scribe);
uint64_t scribe_era(const struct scribe *scribe);
/* The ordinal of the oldest that is queued, or of the next to come; what counts from scribe_begin() on before numbered. */
uint64_t scribe_first(const struct scribe *scribe);
/* The ordinal of the newest that was heard. */
uint64_t scribe_newest(const struct scribe *scribe);
/* How many ordinals are queued. */
uint64_t scribe_length(const struct scribe *scribe);

struct scribe_count {
    uint64_t recorded;   /* messages that were recorded while it sent */
    uint64_t lost;       /* messages that there was no memory left for */
    size_t queued_bytes; /* of memory, now */
};
const struct scribe_count *scribe_count(struct scribe *scribe);

#endif
