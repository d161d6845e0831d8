/*
 * subscriber.h - one browser listening, as the broker's files see it: a strand for each shard that it listens to.
 *
 * Story     Each strand moves on by itself, so a shard that is away stalls only its own channels. The strands share the
 *           socket, which is full for all of them at once, and the cursor, which says how far each has been given.
 */
#ifndef BROKER_SUBSCRIBER_PRIVATE_H
#define BROKER_SUBSCRIBER_PRIVATE_H

#include "broker/subscriber.h"
#include "strand.h"
#include "words/cursor.h"

#include <stdbool.h>

struct subscriber {
    struct strand first; /* embedded, so that a browser on one shard is a single allocation */
    unsigned feed_count; /* channels and patterns that it asked for */
};

/* The socket is full: make all strands FULL. */
void subscriber_fill(struct subscriber *s);

/* Did the sink return SINK_FULL? If so, all strands become FULL. */
static inline bool subscriber_is_full(struct subscriber *s, enum sink_result result)
{
    if (result == SINK_FULL)
        subscriber_fill(s);
    return result == SINK_FULL;
}

/* The cursor: how far everything has been given. */
void subscriber_compose(const struct subscriber *s, struct cursor *out);
/* The same, as if this strand had been given everything up to `place`. */
void subscriber_compose_at(const struct subscriber *s, const struct strand *strand, struct position place,
                           struct cursor *out);

/* Called when this strand's start is known. Once that of all strands is, tell the sink where the subscriber starts.
 * false: not yet, or the socket is full; the strand's state says which. */
bool subscriber_begin(struct strand *strand);

/* Has this channel or pattern caught up in all shards that have it? If so, its members are marked as told. */
bool subscriber_tells(struct subscriber *s, struct bytes name);

#endif
