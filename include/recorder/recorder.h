/*
 * recorder.h - the door of the recorder: plain PUBLISH and the inbox in, entries out, each exactly once.
 *
 * Story     See recorder.c. One recorder runs per instance; one of the fleet holds the seat and records, a second one
 *           stands by, the others wait.
 * Promise   While one that holds or stands by lives and hears Redis, every plain message is recorded, once and in order.
 *           recorder_leave() hands the seat over instead of letting it expire.
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

MUST_CHECK struct recorder *recorder_new(struct loop *loop, const struct recorder_config *config);

/* Record what was heard, or see that another one does; give the seat up; then call fn (from the loop; also when Redis is
 * away, and at the latest after RECORDER_LEAVE_MS and an answer's deadline). */
void recorder_leave(struct recorder *recorder, void (*fn)(void *arg), void *arg);

void recorder_free(struct recorder *recorder);

struct recorder_status {
    bool had_place; /* it held, stood by, or waited because others do, at least once */
    bool is_holder;
    bool is_standby;
    uint64_t recorded;       /* plain messages, while it held the seat */
    uint64_t refused;        /* plain messages that can't be recorded, while it held the seat */
    uint64_t lost;           /* plain messages that there was no memory left for */
    uint64_t eras;           /* opened by us: nobody was left to go on from */
    uint64_t places_lost;    /* pub/sub connections that went while we held or stood by */
    uint64_t queued;         /* plain messages that were heard, and are not known to be recorded */
    uint64_t queued_bytes;   /* of memory that they take */
    uint64_t lag_ms;         /* how late we heard the newest of our own words */
    uint64_t inbox_recorded; /* entries of the inbox */
    uint64_t inbox_rejected; /* entries of the inbox that can't be published */
};
void recorder_status(const struct recorder *recorder, struct recorder_status *out);

#endif
