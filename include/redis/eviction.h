/*
 * eviction.h - does Redis delete keys when its memory is full?
 */
#ifndef REDIS_EVICTION_H
#define REDIS_EVICTION_H

#include "base/bytes.h"
#include "redis/reply.h"

#include <stdbool.h>
#include <stdint.h>

struct caller;

/* `policy` is Redis's maxmemory-policy, borrowed until the callback returns; it evicts unless that is noeviction. REPLY_ERROR,
 * and no policy: the user may not know (a missing permission for INFO), or Redis does not tell. */
typedef void (*caller_eviction_fn)(void *arg, uint64_t ticket, struct reply reply, bool evicts, struct bytes policy);
void caller_eviction(struct caller *caller, caller_eviction_fn fn, void *arg, uint64_t ticket);

#endif
