/*
 * recorder.h - the door of the recorder: plain PUBLISH in, entries out, each exactly once.
 *
 * Story     See recorder.c. One recorder runs per instance; one of the fleet holds the seat and records.
 * Promise   recorder_leave() hands the seat over instead of letting it expire.
 */
#ifndef RECORDER_RECORDER_H
#define RECORDER_RECORDER_H

#include "base/check.h"
#include "base/glob.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct recorder;
struct redis_config;

struct recorder_config {
    const struct redis_config *redis;  /* borrowed for the recorder's life */
    const struct glob_list *channels;  /* whose plain messages are recorded; borrowed */
    const struct glob_list *ephemeral; /* but not these; borrowed */
    uint64_t lease_ms;
};

MUST_CHECK struct recorder *recorder_new(struct loop *loop, const struct recorder_config *config);

/* Record what was heard, give the seat up, then call fn (from the loop; also when Redis is away). */
void recorder_leave(struct recorder *recorder, void (*fn)(void *arg), void *arg);

void recorder_free(struct recorder *recorder);

#endif
