/*
 * overload.h - which channels have lost messages in this run of losses, so that each loss is told, and not each message.
 *
 * Story     While the queue is full, the first message that a channel loses leaves a marker in the queue, which takes only a
 *           few bytes; the others are passed over. If more than 1000 channels lose messages, everybody is told once, as of
 *           what Redis lost: a marker for each channel would take memory and time when there is none.
 * Owns      the names.
 */
#ifndef RECORDER_OVERLOAD_H
#define RECORDER_OVERLOAD_H

#include "base/bytes.h"

#include <stdbool.h>

struct overloaded;

struct overload {
    struct overloaded *channels; /* by name */
    bool is_total;               /* everybody is told */
};

enum overload_mark {
    OVERLOAD_MARKED,  /* it is told already */
    OVERLOAD_CHANNEL, /* the channel needs a marker */
    OVERLOAD_ALL,     /* everybody has to be told */
};

/* A message of this channel is lost: what has to be queued in its place? Without memory for the name, everybody is told. */
enum overload_mark overload_lose(struct overload *overload, struct bytes channel);
/* The run of losses is over. */
void overload_end(struct overload *overload);

#endif
