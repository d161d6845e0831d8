/*
 * fresh.c - the hottest loop: for each browser, look at its member and its strand, and make one write.
 */
#include "fresh.h"

#include "feed.h"
#include "strand.h"
#include "subscriber.h"

static_assert(offsetof(struct strand, is_begun) < 64 && offsetof(struct strand, is_simple) < 64,
              "a delivery reads the first 64 bytes of a strand");

/* What a turn brought on a feed. */
struct fresh {
    struct feed *feed;
    unsigned first;                            /* index in the feed's tail */
    struct position since;                     /* strands before this lack more than the tail has */
    struct position oldest;                    /* the first entry's position */
    const struct buffer *bytes[ENTRY_FORMATS]; /* all entries in each wire format; NULL: not encoded yet */
    struct buffer batches[ENTRY_FORMATS];      /* what `bytes` points to, if there are several entries */
};

static void fresh_init(struct fresh *fresh, struct feed *feed, unsigned first)
{
    *fresh = (struct fresh){.feed = feed, .first = first, .since = feed->tail.since};
    fresh->oldest = tail_at(&feed->tail, first)->position;
}

static void fresh_fini(struct fresh *fresh)
{
    for (unsigned i = 0; i < ENTRY_FORMATS; i++)
        buffer_fini(&fresh->batches[i]);
}

/* All entries in one wire format. NULL: no memory. */
static const struct buffer *fresh_encode(struct fresh *fresh, unsigned format)
{
    const struct tail *tail = &fresh->feed->tail;
    entry_encode_fn encode = fresh->feed->shard->broker->config.encode;
    struct buffer *batch = &fresh->batches[format];
    if (fresh->first + 1 == tail->count)
        return fresh->bytes[format] = entry_encoded(tail_at(tail, fresh->first), format, encode);
    for (unsigned i = fresh->first; i < tail->count && !batch->failed; i++) {
        const struct buffer *bytes = entry_encoded(tail_at(tail, i), format, encode);
        if (bytes)
            buffer_append(batch, bytes->data, bytes->len);
        else
            batch->failed = true;
    }
    return batch->failed ? NULL : (fresh->bytes[format] = batch);
}

/* Are the new entries exactly what this strand lacks? If not, a live strand is left to the pump; others are skipped. */
static bool fresh_fits(const struct fresh *fresh, struct strand *strand, const struct member *member)
{
    if (strand->state == STRAND_WAITING && strand->is_unmerged && member->is_merged)
        strand_wake(strand, "live, while a new feed catches up");
    if (strand->state != STRAND_LIVE)
        return false;
    if (strand->is_simple && position_compare(strand->place, fresh->oldest) < 0 &&
        position_compare(strand->place, fresh->since) >= 0 &&
        (!member->has_after || position_compare(member->after, fresh->oldest) < 0))
        return true;
    strand_wake(strand, "the new entries are not exactly what it lacks");
    return false;
}

/* The common case of fresh_fits(): the strand's place is where the tail ended before this turn. */
static inline bool fresh_follows(const struct strand *strand, const struct member *member, struct position before)
{
    return strand->state == STRAND_LIVE && strand->is_simple && !member->has_after && strand->place.seq == before.seq &&
           strand->place.ms == before.ms;
}

/* Prefetch the first 64 bytes, which may span two cache lines. */
static void fresh_fetch(const void *object)
{
    __builtin_prefetch(object);
    __builtin_prefetch((const char *)object + 63);
}

/*
 * With many members, none of these objects would be in the CPU's caches when the loop reaches them: prefetch them while
 * the kernel sends to the members before. Each step reads what the step before has prefetched.
 */
static void fresh_fetch_ahead(const struct member *member)
{
    const struct member *second = TAILQ_NEXT(member, in_feed);
    const struct member *third = second ? TAILQ_NEXT(second, in_feed) : NULL;
    if (!third)
        return;
    fresh_fetch(second->strand->sink);
    fresh_fetch(third->strand);
    fresh_fetch(TAILQ_NEXT(third, in_feed));
}

/* In a raw format a marker has no bytes, so the turn is left to the pump. */
static bool fresh_has_marker(const struct tail *tail, unsigned first)
{
    for (unsigned i = first; i < tail->count; i++)
        if (tail_at(tail, i)->is_marker)
            return true;
    return false;
}

static void fresh_recorded(struct feed *feed)
{
    struct fresh fresh;
    struct member *member;
    unsigned first = tail_after(&feed->tail, feed->fresh_since);
    struct position newest = tail_end(&feed->tail), before = feed->fresh_since;
    if (first == feed->tail.count)
        return;
    if (fresh_has_marker(&feed->tail, first)) {
        TAILQ_FOREACH (member, &feed->members, in_feed)
            strand_wake(member->strand, "a marker was received");
        return;
    }
    fresh_init(&fresh, feed, first);
    if (position_compare(before, fresh.since) < 0) /* more came than the tail holds: no strand follows */
        before = (struct position){UINT64_MAX, UINT64_MAX};
    TAILQ_FOREACH (member, &feed->members, in_feed) {
        struct strand *strand = member->strand;
        fresh_fetch_ahead(member);
        if (!fresh_follows(strand, member, before) && !fresh_fits(&fresh, strand, member))
            continue;
        const struct buffer *bytes = fresh.bytes[strand->format];
        if (!bytes && !(bytes = fresh_encode(&fresh, strand->format))) {
            strand_wake(strand, "no memory for the batch");
            continue;
        }
        strand->place = newest;
        if (strand->ops->write(strand->sink, bytes->data, bytes->len) == SINK_FULL)
            subscriber_fill(strand->subscriber);
    }
    fresh_fini(&fresh);
}

/* Entries without a position can be sent at any time, but a strand whose socket is full misses them. */
static void fresh_ephemeral(struct feed *feed)
{
    struct fresh fresh;
    struct member *member;
    if (feed->tail.count == 0)
        return;
    fresh_init(&fresh, feed, 0);
    TAILQ_FOREACH (member, &feed->members, in_feed) {
        struct strand *strand = member->strand;
        fresh_fetch_ahead(member);
        if (strand->state == STRAND_FULL || !strand->is_begun)
            continue;
        const struct buffer *bytes = fresh.bytes[strand->format];
        if (!bytes && !(bytes = fresh_encode(&fresh, strand->format)))
            continue;
        if (strand->ops->write(strand->sink, bytes->data, bytes->len) == SINK_FULL)
            subscriber_fill(strand->subscriber);
    }
    fresh_fini(&fresh);
    tail_reset(&feed->tail, POSITION_BEGIN);
}

void fresh(struct feed *feed)
{
    if (feed->is_ephemeral)
        fresh_ephemeral(feed);
    else
        fresh_recorded(feed);
}
