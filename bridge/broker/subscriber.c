/*
 * subscriber.c - a strand is created with the first channel of its shard, and freed with the subscriber.
 */
#include "subscriber.h"

#include "words/keyslot.h"

#include <stdlib.h>

static struct broker *subscriber_broker(const struct subscriber *s)
{
    return s->first.shard->broker;
}

/* --- what ties the strands together ------------------------------------------------------------------------------- */

void subscriber_fill(struct subscriber *s)
{
    for (struct strand *strand = &s->first; strand; strand = strand->next)
        strand_enter(strand, STRAND_FULL, "the socket is full");
}

void subscriber_writable(struct subscriber *s)
{
    for (struct strand *strand = &s->first; strand; strand = strand->next)
        if (strand->state == STRAND_FULL)
            strand_enter(strand, strand->members ? STRAND_BEHIND : STRAND_IDLE, "the socket drained");
}

/* Does this strand count for the cursor? Not without channels, nor before it has a place. */
static bool subscriber_counts(const struct strand *strand)
{
    return strand->members && strand->has_place;
}

void subscriber_compose_at(const struct subscriber *s, const struct strand *at, struct position place,
                           struct cursor *out)
{
    cursor_init(out, place);
    if (!s->first.next)
        return;
    struct position base = place;
    for (const struct strand *strand = &s->first; strand; strand = strand->next)
        if (strand != at && subscriber_counts(strand))
            base = position_min(base, strand->place);
    cursor_init(out, base);
    cursor_use_layout(out, subscriber_broker(s)->config.layout);
    cursor_advance(out, at->shard->index, place);
    for (const struct strand *strand = &s->first; strand; strand = strand->next)
        if (strand != at && subscriber_counts(strand) && strand->is_exact)
            cursor_advance(out, strand->shard->index, strand->claimed);
}

/* The strand with the lowest place, of those that count; the first strand if none counts. */
static const struct strand *subscriber_lowest(const struct subscriber *s)
{
    const struct strand *lowest = &s->first;
    for (const struct strand *strand = s->first.next; strand; strand = strand->next)
        if (subscriber_counts(strand) &&
            (!subscriber_counts(lowest) || position_compare(strand->place, lowest->place) < 0))
            lowest = strand;
    return lowest;
}

void subscriber_compose(const struct subscriber *s, struct cursor *out)
{
    const struct strand *lowest = subscriber_lowest(s);
    subscriber_compose_at(s, lowest, lowest->place, out);
}

bool subscriber_cursor(struct subscriber *s, struct cursor *out)
{
    if (!s->first.is_begun)
        return false;
    for (struct strand *strand = &s->first; strand; strand = strand->next)
        strand_settle(strand);
    subscriber_compose(s, out);
    return true;
}

/* --- the start ---------------------------------------------------------------------------------------------------- */

static bool subscriber_is_away(const struct strand *strand)
{
    return strand->start.kind == START_NOW && !shard_is_up(strand->shard);
}

/* A strand that starts at "now" does not wait for a shard that is away. Its place is the cursor's base, or what was
 * last received from the shard if that is later. */
static void subscriber_start_away(struct strand *strand, struct position base)
{
    struct position heard = strand->shard->flushed;
    strand->place = strand->claimed = position_max(base, heard);
    strand->is_exact = position_compare(strand->place, heard) == 0;
    strand->is_verified = false;
    strand->has_place = true;
}

/* Do all strands have a place? Those that start at "now" and whose shards are away are given one. */
static bool subscriber_start(struct subscriber *s)
{
    for (const struct strand *strand = &s->first; strand; strand = strand->next)
        if (strand->members && !strand->has_place && !subscriber_is_away(strand))
            return false;
    struct position base = subscriber_lowest(s)->place;
    for (struct strand *strand = &s->first; strand; strand = strand->next)
        if (strand->members && !strand->has_place)
            subscriber_start_away(strand, base);
    return true;
}

bool subscriber_begin(struct strand *strand)
{
    struct subscriber *s = strand->subscriber;
    struct cursor cursor;
    if (!subscriber_start(s)) {
        strand_enter(strand, STRAND_WAITING, "the start in another shard is not known");
        /* This wakes the strand every second to check again: the other may lose its channels, or its shard go away. */
        feed_tend(strand->members->feed);
        return false;
    }
    for (struct strand *other = &s->first; other; other = other->next) {
        other->is_begun = true;
        if (other != strand)
            strand_wake(other, "the start is known in all shards");
    }
    subscriber_compose(s, &cursor);
    return !subscriber_is_full(s, strand->ops->cursor(strand->sink, &cursor));
}

bool subscriber_tells(struct subscriber *s, struct bytes name)
{
    struct member *member;
    for (const struct strand *strand = &s->first; strand; strand = strand->next)
        if ((member = strand_find(strand, name)) && !(member->is_merged && strand->has_place))
            return false;
    for (const struct strand *strand = &s->first; strand; strand = strand->next)
        if ((member = strand_find(strand, name)))
            member->is_told = true;
    return true;
}

/* --- channels ----------------------------------------------------------------------------------------------------- */

/* The shards that can have a channel, or channels of a pattern: from *first up to, but not including, the result. */
static unsigned subscriber_shards(const struct subscriber *s, struct bytes name, unsigned *first)
{
    unsigned count = subscriber_broker(s)->config.shard_count;
    *first = 0;
    if (count == 1 || glob_is_pattern(name.data, name.len))
        return count;
    *first = keyslot_shard(name, count);
    return *first + 1;
}

static void subscriber_init_strand(struct strand *strand, const struct strand *like, struct shard *shard)
{
    *strand = (struct strand){.ops = like->ops,
                              .sink = like->sink,
                              .format = like->format,
                              .subscriber = like->subscriber,
                              .state = like->state == STRAND_FULL ? STRAND_FULL : STRAND_IDLE,
                              .is_begun = like->is_begun,
                              .shard = shard};
}

/* From now on ids are cursors over all strands; they begin with what has been given so far. */
static void subscriber_share(struct subscriber *s)
{
    for (struct strand *strand = &s->first; strand; strand = strand->next) {
        if (!strand->is_shared)
            strand->claimed = strand->place;
        strand->is_shared = true;
        strand_simplify(strand);
    }
}

/* The strand of a shard; created if there is none. NULL: no memory. */
static struct strand *subscriber_strand(struct subscriber *s, struct shard *shard)
{
    struct strand **link = &s->first.next;
    if (!s->first.members && !s->first.has_place && !s->first.next)
        s->first.shard = shard; /* the first strand is still unused */
    if (s->first.shard == shard)
        return &s->first;
    while (*link && (*link)->shard != shard)
        link = &(*link)->next;
    if (*link)
        return *link;
    *link = malloc(sizeof **link);
    if (!*link)
        return NULL;
    subscriber_init_strand(*link, &s->first, shard);
    subscriber_share(s);
    return *link;
}

static bool subscriber_hears(const struct subscriber *s, struct bytes name)
{
    for (const struct strand *strand = &s->first; strand; strand = strand->next)
        if (strand_find(strand, name))
            return true;
    return false;
}

static bool subscriber_leave(struct subscriber *s, struct bytes name)
{
    bool is_any = false;
    for (struct strand *strand = &s->first; strand; strand = strand->next) {
        struct member *member = strand_find(strand, name);
        if (!member)
            continue;
        strand_remove(strand, member);
        is_any = true;
    }
    return is_any;
}

enum add_result subscriber_add(struct subscriber *s, struct bytes name, const struct start *start, uint64_t tag)
{
    struct broker *broker = subscriber_broker(s);
    unsigned shard, end = subscriber_shards(s, name, &shard);
    CHECK(!broker->is_walking);
    if (subscriber_hears(s, name))
        return ADD_ALREADY;
    for (; shard < end; shard++) {
        struct shard_start in_shard = shard_start_of(&broker->shards[shard], start);
        struct strand *strand = subscriber_strand(s, &broker->shards[shard]);
        if (!strand || !strand_add(strand, name, &in_shard, tag)) {
            subscriber_leave(s, name);
            return ADD_NO_MEMORY;
        }
    }
    s->feed_count++;
    return ADD_OK;
}

bool subscriber_remove(struct subscriber *s, struct bytes name)
{
    CHECK(!subscriber_broker(s)->is_walking);
    if (!subscriber_leave(s, name))
        return false;
    s->feed_count--;
    return true;
}

static void subscriber_fix_start(struct strand *strand)
{
    if (!strand->has_place)
        shard_start_fix(&strand->start);
    for (struct member *member = strand->members; member; member = member->next)
        if (!member->is_merged && !member->has_after)
            shard_start_fix(&member->start);
    strand_wake(strand, "where it starts is known");
}

void subscriber_expect(struct subscriber *s)
{
    for (struct strand *strand = &s->first; strand; strand = strand->next)
        if (!strand->has_place || strand->is_unmerged)
            subscriber_fix_start(strand);
}

unsigned subscriber_feeds(const struct subscriber *s)
{
    return s->feed_count;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

struct subscriber *subscriber_new(struct broker *broker, const struct sink_ops *ops, void *sink, unsigned format)
{
    struct subscriber *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->first.ops = ops;
    s->first.sink = sink;
    s->first.format = (uint8_t)format;
    s->first.subscriber = s;
    s->first.shard = &broker->shards[0];
    broker->counters.subscribers++;
    return s;
}

void subscriber_free(struct subscriber *s)
{
    if (!s)
        return;
    struct broker *broker = subscriber_broker(s);
    CHECK(!broker->is_walking);
    for (struct strand *strand = &s->first, *next; strand; strand = next) {
        next = strand->next;
        strand_clear(strand);
        if (strand != &s->first)
            free(strand);
    }
    broker->counters.subscribers--;
    free(s);
}
