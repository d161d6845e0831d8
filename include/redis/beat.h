/*
 * beat.h - calls that check that a worker receives everything, and that Redis has not lost any of it.
 */
#ifndef REDIS_BEAT_H
#define REDIS_BEAT_H

#include "base/bytes.h"
#include "redis/reply.h"

struct caller;

/* Have Redis publish the newest position on this worker's beat channel, and return it. Also removes channels
 * whose logs have expired from the key `channels`. */
void caller_beat(struct caller *caller, const char *worker, caller_position_fn fn, void *arg, uint64_t ticket);

/* Would Redis accept a publish? Nothing is published. REPLY_ERROR: it would refuse any: it is out of memory or read-only, or
 * the library for backends is missing, which the caller then loads again. */
void caller_probe(struct caller *caller, caller_done_fn fn, void *arg, uint64_t ticket);

/* Tell Redis the newest position that this process received; a `channel` that is not empty says that it is an entry of
 * that channel. If Redis has lost it, `redis_lost` is logged here, and `lost <position>` is published on control:
 * cursors before that position may miss entries. A call that fails is ignored. */
void caller_witness(struct caller *caller, struct position position, struct bytes channel);

#endif
