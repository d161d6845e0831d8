/*
 * pump.c - what moves a cursor forward.
 *
 * Live delivery, resume, first connect with backlog, a slow reader and the minutes after an outage are one thing: "give
 * me what comes after my cursor". For each feed that comes from its tail, where the tail reaches back to the cursor,
 * else from a page of its log; what several feeds bring is merged by position (positions are one order over all
 * channels, and an entry that comes by two feeds has one position, so it is given once).
 *
 * Each source is known only up to a horizon: a page up to where it ends, a tail up to what has been heard (a page, or
 * the read that made another feed live, comes by the other connection and may be ahead of that). Beyond the nearest
 * horizon nothing is given, so nobody ever hears a later entry before an earlier one.
 *
 * pump_fresh() is the short way for those who are live on one feed: all of them lack the same entries, so these are put
 * together once per wire format, and it is one write each.
 */
#include "hub.h"

#include "base/clock.h"
#include "base/log.h"

#include <string.h>

#define WRITE_MAX 65536 /* bytes that one write puts together, at most (or one entry) */
#define SOURCES_MAX 1024

/* What one feed has for a subscriber. */
struct source {
    const struct tail *tail;
    unsigned next;
};

/* --- where entries come from -------------------------------------------------------------------------------------- */

static bool pump_is_covered(const struct tail *tail, struct position after)
{
    return position_compare(after, tail->since) >= 0;
}

/* May what comes after `after` be taken from the tail? Not where the cursor might be ahead of all positions. */
static bool pump_feed_tail_serves(const struct feed *feed, const struct subscriber *s, struct position after)
{
    return pump_is_covered(&feed->tail, after) && (s->is_verified || position_compare(after, feed_heard(feed)) <= 0);
}

/*
 * How far the sources of one write are known: the nearest end of a page, and of what was heard. What was heard last may
 * have copies for other feeds that are still to come, so only what is before it is certain.
 */
struct horizon {
    bool has_page, has_heard;
    struct position page, heard, certain;
};

static void pump_nearer(bool *has, struct position *horizon, struct position candidate)
{
    if (!*has || position_compare(candidate, *horizon) < 0)
        *horizon = candidate;
    *has = true;
}

/* Where the member's next entries come from. false: not known yet, and the subscriber will be woken when it is. */
static bool pump_member_source(struct member *member, struct source *source, struct horizon *horizon)
{
    struct feed *feed = member->feed;
    struct subscriber *s = member->subscriber;
    struct position after = member_after(member);
    *source = (struct source){0};
    if (feed->state != FEED_LIVE)
        return false;
    if (feed->is_ephemeral)
        return true;
    if (pump_feed_tail_serves(feed, s, after)) {
        feed_want_no_page(feed, member);
        member_pin(member, NULL);
        *source = (struct source){&feed->tail, tail_after(&feed->tail, after)};
        bool has_certain = horizon->has_heard;
        pump_nearer(&has_certain, &horizon->certain, position_max(feed_heard(feed), s->broker->watermark));
        pump_nearer(&horizon->has_heard, &horizon->heard, position_max(feed_heard(feed), s->broker->newest));
        return true;
    }
    struct cached_page *cached = page_cache_find(&feed->pages, after, &member->known_loss);
    member_pin(member, cached);
    if (cached) {
        feed_want_no_page(feed, member);
        if (s->asks_for_kept && !member->is_served) {
            member->is_served = true;
            member->known_loss = (struct known_loss){cached->loss.trimmed, cached->newest};
        }
        cached->used_ms = s->broker->turn_ms;
        *source = (struct source){&cached->entries, tail_after(&cached->entries, after)};
        pump_nearer(&horizon->has_page, &horizon->page, cached->until);
        return true;
    }
    feed_want_page(feed, member);
    return false;
}

/* --- gaps --------------------------------------------------------------------------------------------------------- */

static bool pump_is_full(struct subscriber *s, enum sink_result result)
{
    if (result == SINK_FULL)
        subscriber_enter(s, SUB_FULL, "the socket is full");
    return result == SINK_FULL;
}

/*
 * A cursor that is ahead or from another keyspace is worth nothing: begin at the beginning. Where it is the place of
 * just this one member, the others are not touched.
 */
static void pump_begin_anew(struct subscriber *s, struct member *member)
{
    if (!member->is_merged || position_compare(member->gap.after, s->cursor) > 0) {
        member->after = POSITION_BEGIN;
        member->is_merged = false;
        s->is_unmerged = true;
        return;
    }
    s->cursor = POSITION_BEGIN;
    s->is_verified = true;
    for (struct member *other = s->members; other; other = other->next) {
        other->after = POSITION_BEGIN;
        other->has_after = true;
        other->is_merged = true;
    }
    s->is_unmerged = false;
}

/* Tell the gaps that are known; false: the socket is full. */
static bool pump_gaps(struct subscriber *s)
{
    for (struct member *member = s->members; member; member = member->next)
        if (member->has_gap && (member->gap.reason == GAP_AHEAD || member->gap.reason == GAP_RESET))
            pump_begin_anew(s, member);
    for (struct member *member = s->members; member; member = member->next) {
        if (!member->has_gap)
            continue;
        member->has_gap = false;
        member->gap.cursor = member->is_merged ? s->cursor : member_after(member);
        s->broker->counters.gaps_told++;
        if (pump_is_full(s, s->ops->gap(s->sink, &member->gap)))
            return false;
    }
    return true;
}

/* --- the start ---------------------------------------------------------------------------------------------------- */

static void pump_on_newest(void *arg, uint64_t id, struct reply reply, struct position position)
{
    struct broker *broker = arg;
    struct subscriber *s;
    HASH_FIND(by_id, broker->asking, &id, sizeof id, s);
    if (!s)
        return;
    HASH_DELETE(by_id, broker->asking, s);
    s->is_asking = false;
    if (reply.status != REPLY_OK) {
        feed_tend(s->members->feed); /* which wakes it to ask again */
        return;
    }
    s->start = (struct start){.kind = START_AFTER, .after = position};
    s->asks_for_kept = true;
    subscriber_wake(s, "Redis told the start");
}

static void pump_ask_newest(struct subscriber *s)
{
    struct broker *broker = s->broker;
    if (s->is_asking || !caller_is_up(broker->caller))
        return;
    struct bytes names[SOURCES_MAX];
    unsigned count = 0;
    for (const struct member *member = s->members; member && count < SOURCES_MAX; member = member->next)
        if (member->is_merged && !member->feed->is_ephemeral)
            names[count++] = (struct bytes){member->feed->name, member->feed->name_len};
    s->id = ++broker->last_id;
    s->is_asking = true;
    HASH_ADD(by_id, broker->asking, id, sizeof s->id, s);
    caller_newest(broker->caller, names, count, s->start.count, pump_on_newest, broker, s->id);
}

/* The newest place that all its feeds know. */
static bool pump_now(const struct subscriber *s, struct position *out)
{
    *out = s->broker->flushed;
    for (const struct member *member = s->members; member; member = member->next) {
        if (member->feed->state != FEED_LIVE)
            return false;
        if (!member->feed->is_ephemeral)
            *out = position_max(*out, feed_heard(member->feed));
    }
    return true;
}

/* Find the first cursor. false: not known yet, or the socket is full. */
static bool pump_start(struct subscriber *s)
{
    switch (s->start.kind) {
    case START_NOW:
        if (!pump_now(s, &s->cursor)) {
            subscriber_enter(s, SUB_WAITING, "its feeds are not live");
            return false;
        }
        s->is_verified = true;
        break;
    case START_AFTER:
        s->cursor = s->start.after;
        s->is_verified = position_is_begin(s->cursor);
        s->asks_for_kept = s->asks_for_kept || s->is_verified;
        break;
    case START_NEWEST:
        pump_ask_newest(s);
        subscriber_enter(s, SUB_WAITING, "Redis is asked for the start");
        return false;
    }
    s->has_cursor = true;
    return !pump_is_full(s, s->ops->cursor(s->sink, s->cursor));
}

/* --- giving ------------------------------------------------------------------------------------------------------- */

/* The source whose next entry is the earliest; NULL: all are used up. */
static struct source *pump_earliest(struct source *sources, unsigned count)
{
    struct source *first = NULL;
    for (unsigned i = 0; i < count; i++) {
        struct source *source = &sources[i];
        if (!source->tail || source->next >= source->tail->count)
            continue;
        if (!first || position_compare(tail_at(source->tail, source->next)->position,
                                       tail_at(first->tail, first->next)->position) < 0)
            first = source;
    }
    return first;
}

enum given {
    GIVEN_ALL,   /* nothing is left up to `until`, and nothing is known beyond */
    GIVEN_UNTIL, /* nothing is left up to `until`, but there is more beyond */
    GIVEN_SOME,  /* the write was large enough */
    GIVEN_FULL,  /* the socket is full */
};

/* Write what the sources have after *cursor and up to `until` (NULL: all), in order; *cursor follows. */
static enum given pump_give(struct subscriber *s, struct source *sources, unsigned count, const struct position *until,
                            struct position *cursor)
{
    struct buffer *out = &s->broker->scratch;
    entry_encode_fn encode = s->broker->config.encode;
    enum given given = GIVEN_ALL;
    struct source *source;
    buffer_clear(out);
    while ((source = pump_earliest(sources, count))) {
        struct entry *entry = tail_at(source->tail, source->next);
        if (until && position_compare(entry->position, *until) > 0) {
            given = GIVEN_UNTIL;
            break;
        }
        if (position_compare(entry->position, *cursor) > 0) {
            if (out->len >= WRITE_MAX) {
                given = GIVEN_SOME;
                break;
            }
            const struct buffer *bytes = entry_encoded(entry, s->format, encode);
            if (!bytes || !buffer_reserve(out, bytes->len)) {
                out->failed = false;
                given = GIVEN_SOME; /* no memory: from here on again in the next turn */
                break;
            }
            buffer_append(out, bytes->data, bytes->len);
            *cursor = entry->position;
        }
        source->next++;
    }
    if (out->len && pump_is_full(s, s->ops->write(s->sink, out->data, out->len)))
        return GIVEN_FULL;
    return given;
}

/* --- members that were added later -------------------------------------------------------------------------------- */

/* Is its cursor the place of some member? */
static bool pump_subscriber_is_merged(const struct subscriber *s)
{
    for (const struct member *member = s->members; member; member = member->next)
        if (member->is_merged)
            return true;
    return false;
}

/* Fix the place of a member that was just added. false: not known yet. */
static bool pump_member_start(struct member *member)
{
    if (member->has_after)
        return true;
    switch (member->start.kind) {
    case START_NEWEST: /* on a connection that is under way, only "now" and "after" mean something exact */
    case START_NOW:
        if (member->feed->state != FEED_LIVE)
            return false;
        member->after = position_max(member->feed->is_ephemeral ? POSITION_BEGIN : feed_heard(member->feed),
                                     member->subscriber->broker->flushed);
        if (pump_subscriber_is_merged(member->subscriber)) /* "now" is where the others are */
            member->after = position_min(member->after, member->subscriber->cursor);
        break;
    case START_AFTER:
        member->after = member->start.after;
        if (position_compare(member->after, member->subscriber->cursor) > 0)
            member->subscriber->is_verified = false;
        break;
    }
    member->has_after = true;
    return true;
}

/* Bring one member up to the cursor of the others. false: not there yet, and the subscriber's state says why. */
static bool pump_catch_up(struct subscriber *s, struct member *member)
{
    if (!pump_member_start(member)) {
        subscriber_enter(s, SUB_WAITING, "a new feed is not live");
        return false;
    }
    while (position_compare(member->after, s->cursor) < 0) {
        struct source source;
        struct horizon horizon = {0};
        if (!pump_member_source(member, &source, &horizon)) {
            subscriber_enter(s, SUB_WAITING, "a new feed catches up");
            return false;
        }
        struct position until = s->cursor;
        if (horizon.has_page && position_compare(horizon.page, until) < 0)
            until = horizon.page;
        bool is_late = horizon.has_heard && position_compare(horizon.certain, until) < 0;
        if (is_late)
            until = position_max(horizon.certain, member->after);
        switch (pump_give(s, &source, 1, &until, &member->after)) {
        case GIVEN_FULL:
            return false;
        case GIVEN_SOME:
            subscriber_enter(s, SUB_BEHIND, "more to give");
            return false;
        case GIVEN_ALL:
        case GIVEN_UNTIL:
            member->after = until;
        }
        if (is_late) {
            subscriber_enter(s, SUB_BEHIND, "at the horizon");
            s->is_at_horizon = true;
            broker_hurry(s->broker);
            return false;
        }
    }
    member->is_merged = true;
    return true;
}

/* Where all whom the cursor covered have left, it is the next one's place. false: that is not known yet. */
static bool pump_adopt(struct subscriber *s)
{
    struct member *first = s->members;
    if (pump_subscriber_is_merged(s))
        return true;
    if (!pump_member_start(first)) {
        subscriber_enter(s, SUB_WAITING, "its feed is not live");
        return false;
    }
    s->cursor = first->after;
    s->is_verified = first->start.kind != START_AFTER;
    first->is_merged = true;
    return true;
}

/* true: all are merged. */
static bool pump_unmerged(struct subscriber *s)
{
    for (struct member *member = s->members; member; member = member->next)
        if (!member->is_merged && !pump_catch_up(s, member))
            return false;
    s->is_unmerged = false;
    return true;
}

/* Tell which feeds are caught up. false: the socket is full. */
static bool pump_tell(struct subscriber *s)
{
    for (struct member *member = s->members; member; member = member->next) {
        if (member->is_told || !member->is_merged)
            continue;
        member->is_told = true;
        if (pump_is_full(s, s->ops->subscribed(s->sink, member->feed->name, member->tag, s->cursor)))
            return false;
    }
    return true;
}

/* --- the pump ----------------------------------------------------------------------------------------------------- */

/* The sources of all members. false: the subscriber has to wait for some. */
static bool pump_sources(struct subscriber *s, struct source sources[static SOURCES_MAX], unsigned *count,
                         struct horizon *horizon)
{
    bool is_known = true;
    for (struct member *member = s->members; member; member = member->next) {
        CHECK(*count < SOURCES_MAX);
        if (!member->is_merged)
            continue; /* it has not come so far; the others need not wait for it */
        if (!pump_member_source(member, &sources[*count], horizon))
            is_known = false;
        else if (sources[*count].tail)
            ++*count;
    }
    return is_known;
}

/* Up to where may be given? A single tail has no horizon: there is nobody to be late for. */
static const struct position *pump_horizon_nearest(struct horizon *horizon, unsigned sources)
{
    if (sources == 1)
        return horizon->has_page ? &horizon->page : NULL;
    if (!horizon->has_page)
        return horizon->has_heard ? &horizon->heard : NULL;
    return horizon->has_heard && position_compare(horizon->heard, horizon->page) < 0 ? &horizon->heard : &horizon->page;
}

/* Give what comes after the cursor. true: all was given; else the subscriber's state says what is next. */
static bool pump_merged(struct subscriber *s)
{
    struct source sources[SOURCES_MAX];
    struct horizon horizon = {0};
    unsigned count = 0;
    if (!pump_sources(s, sources, &count, &horizon)) {
        subscriber_enter(s, SUB_WAITING, "a feed is not live, or a page is missing");
        return false;
    }
    const struct position *until = pump_horizon_nearest(&horizon, count);
    enum given given = pump_give(s, sources, count, until, &s->cursor);
    s->asks_for_kept = false; /* what was kept when it began is known by now */
    if (given == GIVEN_FULL)
        return false;
    if (given == GIVEN_SOME) {
        subscriber_enter(s, SUB_BEHIND, "more to give");
        return false;
    }
    if (given == GIVEN_UNTIL || horizon.has_page) {
        bool is_page_over = horizon.has_page &&
                            (count == 1 || !horizon.has_heard || position_compare(horizon.page, horizon.certain) <= 0);
        subscriber_enter(s, SUB_BEHIND, "at the horizon");
        s->is_at_horizon = !is_page_over;
        if (is_page_over)
            s->cursor = position_max(s->cursor, horizon.page);
        else
            broker_hurry(s->broker);
        return false;
    }
    s->is_verified = true;
    return pump_tell(s);
}

void pump(struct subscriber *s)
{
    subscriber_enter(s, SUB_WAITING, "the pump runs");
    s->is_at_horizon = false;
    if (!s->members) {
        subscriber_enter(s, SUB_IDLE, "no feeds");
        return;
    }
    if (!s->has_cursor && !pump_start(s))
        return;
    if (!pump_gaps(s) || !pump_adopt(s) || !pump_merged(s))
        return;
    if (!s->is_unmerged)
        subscriber_enter(s, SUB_LIVE, "all given");
    else if (pump_unmerged(s)) /* what these have beyond the cursor comes in the next turn */
        subscriber_enter(s, SUB_BEHIND, "all are merged");
}

/* --- the short way ------------------------------------------------------------------------------------------------ */

/* What was pushed in this turn, in one wire format; NULL: no memory. */
static struct buffer *pump_fresh_bytes(struct feed *feed, unsigned first, unsigned format, struct buffer *batch)
{
    entry_encode_fn encode = feed->broker->config.encode;
    if (first + 1 == feed->tail.count)
        return (struct buffer *)entry_encoded(tail_at(&feed->tail, first), format, encode);
    if (batch->len || batch->failed)
        return batch->failed ? NULL : batch;
    for (unsigned i = first; i < feed->tail.count; i++) {
        const struct buffer *bytes = entry_encoded(tail_at(&feed->tail, i), format, encode);
        if (!bytes) {
            batch->failed = true;
            return NULL;
        }
        buffer_append(batch, bytes->data, bytes->len);
    }
    return batch->failed ? NULL : batch;
}

/* Is the batch exactly what this one lacks? */
static bool pump_is_at(const struct subscriber *s, const struct member *member, struct position oldest,
                       struct position since)
{
    return s->member_count == 1 && !s->is_unmerged && position_compare(s->cursor, oldest) < 0 &&
           position_compare(s->cursor, since) >= 0 &&
           (!member->has_after || position_compare(member->after, oldest) < 0);
}

/* The first 64 bytes, on whatever two lines of the cache they are. */
static void pump_fetch(const void *object)
{
    __builtin_prefetch(object);
    __builtin_prefetch((const char *)object + 63);
}

/*
 * With many members none of this is in the processor's caches when its turn comes: have it fetched while the kernel
 * sends to those before it. Each step reads what the step before had
 * fetched. What is needed stands in the first 64 bytes of each.
 */
static void pump_fetch_ahead(const struct member *member)
{
    const struct member *second = TAILQ_NEXT(member, in_feed);
    const struct member *third = second ? TAILQ_NEXT(second, in_feed) : NULL;
    if (!third)
        return;
    pump_fetch(second->subscriber->sink);
    pump_fetch(third->subscriber);
    pump_fetch(TAILQ_NEXT(third, in_feed));
}

void pump_fresh(struct feed *feed)
{
    struct buffer batches[ENTRY_FORMATS] = {0};
    bool is_ephemeral = feed->is_ephemeral;
    unsigned first = is_ephemeral ? 0 : tail_after(&feed->tail, feed->fresh_since);
    if (first == feed->tail.count)
        return;
    struct position oldest = tail_at(&feed->tail, first)->position;
    struct position newest = tail_end(&feed->tail);
    struct position since = position_max(feed->tail.since, POSITION_BEGIN);
    struct member *member;
    TAILQ_FOREACH (member, &feed->members, in_feed) {
        struct subscriber *s = member->subscriber;
        pump_fetch_ahead(member);
        if (s->state == SUB_WAITING && s->is_unmerged && member->is_merged && !is_ephemeral)
            subscriber_wake(s, "live, while a new feed catches up");
        /* What has no place in the order can go out at any time, but does not wait for a socket. */
        if (is_ephemeral ? s->state == SUB_FULL || !s->has_cursor : s->state != SUB_LIVE)
            continue;
        if (!is_ephemeral && !pump_is_at(s, member, oldest, since)) {
            subscriber_wake(s, "several feeds to merge");
            continue;
        }
        struct buffer *bytes = pump_fresh_bytes(feed, first, s->format, &batches[s->format]);
        if (!bytes) {
            if (!is_ephemeral)
                subscriber_wake(s, "no memory for the batch");
            continue;
        }
        if (!is_ephemeral)
            s->cursor = newest;
        pump_is_full(s, s->ops->write(s->sink, bytes->data, bytes->len));
    }
    for (unsigned i = 0; i < ENTRY_FORMATS; i++)
        buffer_fini(&batches[i]);
    if (is_ephemeral)
        tail_reset(&feed->tail, POSITION_BEGIN);
}
