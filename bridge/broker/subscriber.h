/*
 * subscriber.h - one browser listening, seen from within the broker: a strand for each shard that it listens to.
 *
 * Story     Each strand moves on by itself, so a shard that is away stalls only its own channels. What ties them together
 *           is the socket, which is full for all of them, and the cursor, which says how far each has been given.
 */
#ifndef BROKER_SUBSCRIBER_PRIVATE_H
#define BROKER_SUBSCRIBER_PRIVATE_H

#include "broker/subscriber.h"
#include "strand.h"
#include "words/cursor.h"

#include <stdbool.h>

struct subscriber {
    struct strand first; /* so that a browser of one shard is one piece of memory */
    unsigned feed_count; /* channels and patterns, as they were asked for */
};

/* The socket is full: so are all strands. */
void subscriber_fill(struct subscriber *s);

/* What did the sink answer? SINK_FULL makes all strands FULL. */
static inline bool subscriber_is_full(struct subscriber *s, enum sink_result result)
{
    if (result == SINK_FULL)
        subscriber_fill(s);
    return result == SINK_FULL;
}

/* How far everything has been given. */
void subscriber_compose(const struct subscriber *s, struct cursor *out);
/* The same, where this strand has been given up to this place. */
void subscriber_compose_at(const struct subscriber *s, const struct strand *strand, struct position place,
                           struct cursor *out);

/* This strand knows its start. Tell the sink where the subscriber starts, once all do. false: not yet, or the socket is
 * full; the strand's state says which. */
bool subscriber_begin(struct strand *strand);

/* This channel or pattern is caught up in all shards that have it: it counts as told. false: not in all. */
bool subscriber_tells(struct subscriber *s, struct bytes name);

#endif
