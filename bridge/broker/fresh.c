/*
 * fresh.c - the hottest loop: per browser, one look at its member and its strand, and one write.
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
    unsigned first;         /* of its tail */
    struct position since;  /* who is before this lacks more than that */
    struct position oldest; /* the first entry */
    struct position newest; /* the last one */
    struct buffer batches[ENTRY_FORMATS];
};

/* All of it in one wire format; NULL: no memory. */
static struct buffer *fresh_bytes(struct fresh *fresh, unsigned format)
{
    const struct tail *tail = &fresh->feed->tail;
    entry_encode_fn encode = fresh->feed->shard->broker->config.encode;
    struct buffer *batch = &fresh->batches[format];
    if (fresh->first + 1 == tail->count)
        return (struct buffer *)entry_encoded(tail_at(tail, fresh->first), format, encode);
    if (batch->len || batch->failed)
        return batch->failed ? NULL : batch;
    for (unsigned i = fresh->first; i < tail->count; i++) {
        const struct buffer *bytes = entry_encoded(tail_at(tail, i), format, encode);
        if (!bytes) {
            batch->failed = true;
            return NULL;
        }
        buffer_append(batch, bytes->data, bytes->len);
    }
    return batch->failed ? NULL : batch;
}

/* Is it exactly what this one lacks? */
static bool fresh_fits(const struct fresh *fresh, const struct strand *strand, const struct member *member)
{
    return strand->is_simple && position_compare(strand->place, fresh->oldest) < 0 &&
           position_compare(strand->place, fresh->since) >= 0 &&
           (!member->has_after || position_compare(member->after, fresh->oldest) < 0);
}

/* The first 64 bytes, on whatever two lines of the cache they are. */
static void fresh_fetch(const void *object)
{
    __builtin_prefetch(object);
    __builtin_prefetch((const char *)object + 63);
}

/*
 * With many members none of this is in the processor's caches when its turn comes: have it fetched while the kernel
 * sends to those before it. Each step reads what the step before had fetched.
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

static void fresh_give(struct fresh *fresh, struct strand *strand, const struct member *member)
{
    if (strand->state == STRAND_WAITING && strand->is_unmerged && member->is_merged)
        strand_wake(strand, "live, while a new feed catches up");
    if (strand->state != STRAND_LIVE)
        return;
    if (!fresh_fits(fresh, strand, member)) {
        strand_wake(strand, "several feeds to merge");
        return;
    }
    struct buffer *bytes = fresh_bytes(fresh, strand->format);
    if (!bytes) {
        strand_wake(strand, "no memory for the batch");
        return;
    }
    strand->place = fresh->newest;
    subscriber_is_full(strand->subscriber, strand->ops->write(strand->sink, bytes->data, bytes->len));
}

/* What has no place in the order can go out at any time, but does not wait for a socket. */
static void fresh_give_ephemeral(struct fresh *fresh, struct strand *strand)
{
    if (strand->state == STRAND_FULL || !strand->is_begun)
        return;
    struct buffer *bytes = fresh_bytes(fresh, strand->format);
    if (bytes)
        subscriber_is_full(strand->subscriber, strand->ops->write(strand->sink, bytes->data, bytes->len));
}

void fresh(struct feed *feed)
{
    bool is_ephemeral = feed->is_ephemeral;
    struct fresh fresh = {.feed = feed, .first = is_ephemeral ? 0 : tail_after(&feed->tail, feed->fresh_since)};
    if (fresh.first == feed->tail.count)
        return;
    fresh.oldest = tail_at(&feed->tail, fresh.first)->position;
    fresh.newest = tail_end(&feed->tail);
    fresh.since = feed->tail.since;
    struct member *member;
    TAILQ_FOREACH (member, &feed->members, in_feed) {
        struct strand *strand = member->strand;
        fresh_fetch_ahead(member);
        if (is_ephemeral)
            fresh_give_ephemeral(&fresh, strand);
        else
            fresh_give(&fresh, strand, member);
    }
    for (unsigned i = 0; i < ENTRY_FORMATS; i++)
        buffer_fini(&fresh.batches[i]);
    if (is_ephemeral)
        tail_reset(&feed->tail, POSITION_BEGIN);
}
