/*
 * recorder.h - records plain PUBLISH messages and the inbox as entries, each exactly once.
 *
 * Story     See recorder.c. Each instance runs one recorder. In the whole fleet one of them holds the seat (the lease
 *           that decides which recorder is active) and records, a second one stands by, and the others wait.
 * Promise   While a recorder that holds or stands by is alive and receives from Redis, every plain message is recorded
 *           once and in order, except those counted as `refused` or `lost`. recorder_leave() hands the seat over
 *           instead of letting it expire.
 */
#ifndef RECORDER_RECORDER_H
#define RECORDER_RECORDER_H

#include "base/check.h"
#include "recorder/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct recorder;

/* `config` is copied, what it points to is borrowed. NULL: no memory. */
MUST_CHECK struct recorder *recorder_new(struct loop *loop, const struct recorder_config *config);

/* Shut down: wait until all numbered messages are recorded or another recorder has them, give up the seat, then call fn
 * once, from the loop. fn is called even if Redis is away, after about RECORDER_LEAVE_MS plus a command's deadline at
 * most. */
void recorder_leave(struct recorder *recorder, void (*fn)(void *arg), void *arg);

void recorder_free(struct recorder *recorder);

struct recorder_status {
    bool had_place; /* it held, stood by, or waited behind others, at least once */
    bool is_holder;
    bool is_standby;
    bool is_evicting;        /* Redis may delete history early: its maxmemory-policy is not noeviction */
    uint64_t refusal;        /* the kind of error that Redis answers to its calls (remedy_kind); 0: none */
    uint64_t recorded;       /* plain messages confirmed as recorded while this recorder was sending them */
    uint64_t refused;        /* plain messages that can't be recorded, received while it held the seat */
    uint64_t lost;           /* plain messages dropped because the queue was full or memory ran out */
    uint64_t eras;           /* eras that it opened because no recorder was left to continue from */
    uint64_t places_lost;    /* pub/sub connections lost while it held or stood by */
    uint64_t queued;         /* plain messages received and not known to be recorded */
    uint64_t queued_bytes;   /* memory that they take */
    uint64_t lag_ms;         /* how long after the newest attend the message arrived that Redis published for it */
    uint64_t inbox_recorded; /* inbox entries */
    uint64_t inbox_rejected; /* inbox entries that can't be published */
};
void recorder_status(const struct recorder *recorder, struct recorder_status *out);

#endif
