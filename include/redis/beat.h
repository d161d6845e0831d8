/*
 * beat.h - a caller's ways to learn whether everything was heard, and whether Redis still knows what was.
 */
#ifndef REDIS_BEAT_H
#define REDIS_BEAT_H

#include "base/bytes.h"
#include "redis/reply.h"

struct caller;

/* Have the newest position said on this worker's beat channel; also sweeps what expired. */
void caller_beat(struct caller *caller, const char *worker, caller_position_fn fn, void *arg, uint64_t ticket);

/* Say of which position (and of which channel's entry, where one is named) this process was told. Where Redis does not
 * have it any more, that is logged, and told to all on control: `lost <position>`; cursors before that may miss something. */
void caller_witness(struct caller *caller, struct position position, struct bytes channel);

#endif
