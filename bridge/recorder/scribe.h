/*
 * scribe.h - queues received messages, and sends the calls that record them in the log.
 *
 * Story     The scribe gets each plain message that counts, in order. Once it knows their ordinals, and while sending
 *           is switched on, it sends them in batches, several in flight at a time, and sends again whenever the outcome
 *           of a call is uncertain: duplicates are harmless.
 * Promise   Memory is bounded. Messages beyond the bound are passed over (they keep their ordinals), counted and
 *           logged; nothing else is ever lost here.
 * Borrows   the caller, for its life.
 */
#ifndef RECORDER_SCRIBE_H
#define RECORDER_SCRIBE_H

#include "base/check.h"
#include "words/entry.h"
#include "words/gap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct caller;
struct scribe;

struct scribe_events {
    /* The queue has become empty. */
    void (*drained)(void *arg);
    /* The queue can't be recorded as it is numbered: another era is current, or Redis lost records. Repeated with each
     * retry. */
    void (*refused)(void *arg);
};

/* NULL: no memory. */
MUST_CHECK struct scribe *scribe_new(struct loop *loop, struct caller *caller, const struct scribe_events *events,
                                     void *arg);
void scribe_free(struct scribe *scribe);

/* Drop everything, and stop sending: the next message is the first, its ordinal is unknown. */
void scribe_begin(struct scribe *scribe);
/* The next message that counts. */
void scribe_hear(struct scribe *scribe, struct bytes channel, struct bytes payload);
/* The next message that counts can't be recorded, for this reason: a marker takes its place in the log. */
void scribe_mark(struct scribe *scribe, struct bytes channel, enum gap_reason reason);
/* The next message that counts can't be recorded, and nobody listens there: pass over its ordinal. */
void scribe_pass(struct scribe *scribe);
/* Number the queue from `first` on in this era. Messages that would get an ordinal below 1 precede the era, and are
 * dropped. */
void scribe_number(struct scribe *scribe, uint64_t era, int64_t first);
/* true: send; false: only keep the queue, another node sends. */
void scribe_send(struct scribe *scribe, bool sends);
/* At the end of each turn: send what the turn brought, in as few calls as possible. */
void scribe_flush(struct scribe *scribe);
/* Everything up to this ordinal is recorded. */
void scribe_drop(struct scribe *scribe, uint64_t ordinal);
/* A message was announced as recorded under this ordinal, so the queue is dropped up to it. false: another message was
 * queued under the ordinal, or none was received that far, so the ordinals have drifted. */
MUST_CHECK bool scribe_agrees(struct scribe *scribe, uint64_t ordinal, const struct entry_source *entry);
/* The caller is connected again: earlier calls may be lost, so send all unconfirmed messages again. */
void scribe_on_caller_up(struct scribe *scribe);

bool scribe_is_empty(const struct scribe *scribe);
bool scribe_sends(const struct scribe *scribe);
/* Does the queue hold exactly what was received and is not known to be recorded? Are no more calls in flight than
 * allowed? */
bool scribe_is_sound(const struct scribe *scribe);
uint64_t scribe_era(const struct scribe *scribe);
/* The ordinal of the oldest queued message, or of the next one if the queue is empty. Before scribe_number() it is
 * provisional, counted from 1 since scribe_begin(). */
uint64_t scribe_first(const struct scribe *scribe);
/* The ordinal of the newest message received. */
uint64_t scribe_newest(const struct scribe *scribe);
/* How many ordinals are queued. */
uint64_t scribe_length(const struct scribe *scribe);

struct scribe_count {
    uint64_t recorded;   /* messages recorded while it was sending */
    uint64_t lost;       /* messages dropped because the queue was full or memory ran out */
    size_t queued_bytes; /* memory in use now */
    unsigned refusal;    /* the kind of error that Redis answers while messages wait (remedy_kind); 0: none */
};
const struct scribe_count *scribe_count(struct scribe *scribe);

#endif
