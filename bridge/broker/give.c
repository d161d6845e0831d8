/*
 * give.c - merges a few runs into one buffer.
 */
#include "give.h"

#include "subscriber.h"

#define WRITE_MAX 65536 /* bytes after which a write takes no further entry */

/* --- where entries come from -------------------------------------------------------------------------------------- */

/* Can the tail serve what comes after this place? Not if the place might be ahead of the shard's newest position. */
static bool give_tail_serves(const struct feed *feed, const struct strand *strand, struct position after)
{
    return position_compare(after, feed->tail.since) >= 0 &&
           (strand->is_verified || position_compare(after, feed_heard(feed)) <= 0);
}

static void give_nearer(bool *has, struct position *horizon, struct position candidate)
{
    if (!*has || position_compare(candidate, *horizon) < 0)
        *horizon = candidate;
    *has = true;
}

static void give_run_of_tail(struct member *member, struct position after, struct run *run, struct horizon *horizon)
{
    struct feed *feed = member->feed;
    const struct shard *shard = feed->shard;
    bool has_certain = horizon->has_heard;
    pager_dismiss(&feed->pager, &member->page);
    *run = (struct run){&feed->tail, tail_after(&feed->tail, after)};
    give_nearer(&has_certain, &horizon->certain, position_max(feed_heard(feed), shard->watermark));
    give_nearer(&horizon->has_heard, &horizon->heard, position_max(feed_heard(feed), shard->newest));
}

bool give_run(struct member *member, struct run *run, struct horizon *horizon)
{
    struct feed *feed = member->feed;
    struct strand *strand = member->strand;
    struct position after = member_after(member), until;
    *run = (struct run){0};
    if (feed->state != FEED_LIVE)
        return false;
    if (feed->is_ephemeral)
        return true;
    if (give_tail_serves(feed, strand, after)) {
        give_run_of_tail(member, after, run, horizon);
        return true;
    }
    member->page.wants_kept = strand->wants_kept;
    if (feed_ask(feed, member, after, run, &until) != PAGER_ENTRIES)
        return false;
    give_nearer(&horizon->has_page, &horizon->page, until);
    return true;
}

/* --- giving ------------------------------------------------------------------------------------------------------- */

/* The run whose next entry is the earliest; NULL: all are used up. */
static struct run *give_earliest(struct run *runs, unsigned count)
{
    struct run *first = NULL;
    for (unsigned i = 0; i < count; i++) {
        struct run *run = &runs[i];
        if (!run->entries || run->next >= run->entries->count)
            continue;
        if (!first || position_compare(tail_at(run->entries, run->next)->position,
                                       tail_at(first->entries, first->next)->position) < 0)
            first = run;
    }
    return first;
}

/* Encode an entry for this subscriber alone: its id is a cursor over all the subscriber's shards. false: no memory. */
static bool give_composed(struct strand *strand, const struct entry *entry, struct buffer *out)
{
    struct cursor cursor;
    size_t before = out->len;
    subscriber_compose_at(strand->subscriber, strand, entry->position, &cursor);
    strand->shard->broker->config.encode(strand->format, entry, &cursor, out);
    if (!out->failed)
        return true;
    out->len = before;
    return false;
}

static bool give_entry(struct strand *strand, struct entry *entry, struct buffer *out)
{
    if (strand->is_shared)
        return give_composed(strand, entry, out);
    const struct buffer *bytes = entry_encoded(entry, strand->format, strand->shard->broker->config.encode);
    if (!bytes || !buffer_reserve(out, bytes->len))
        return false;
    buffer_append(out, bytes->data, bytes->len);
    return true;
}

enum given give(struct strand *strand, struct run *runs, unsigned count, const struct position *until,
                struct position *place)
{
    struct buffer *out = &strand->shard->broker->scratch;
    enum given given = GIVEN_ALL;
    struct run *run;
    buffer_clear(out);
    while ((run = give_earliest(runs, count))) {
        struct entry *entry = tail_at(run->entries, run->next);
        if (until && position_compare(entry->position, *until) > 0) {
            given = GIVEN_UNTIL;
            break;
        }
        if (position_compare(entry->position, *place) > 0) {
            if (out->len >= WRITE_MAX || !give_entry(strand, entry, out)) {
                out->failed = false;
                given = GIVEN_SOME;
                break;
            }
            *place = entry->position;
        }
        run->next++;
    }
    strand->claimed = position_max(strand->claimed, strand->place);
    if (out->len && subscriber_is_full(strand->subscriber, strand->ops->write(strand->sink, out->data, out->len)))
        return GIVEN_FULL;
    return given;
}
