/*
 * subscriber.c - one browser listening, seen from the broker: a cursor over a set of feeds.
 *
 *             subscriber_add             pump: all given
 *   ┌──────┐ ─────────► ┌────────┐ ─────────────────────────► ┌──────┐
 *   │ IDLE │            │ BEHIND │ ◄───────────────────────── │ LIVE │
 *   └──────┘            └────────┘  subscriber_wake           └──────┘
 *                        │ ▲   ▲ │ pump: socket full             │ pump_fresh: socket full
 *   pump: a feed is not  │ │   │ ▼                               ▼
 *   live, a page is      ▼ │   └──── subscriber_writable ──── ┌──────┐
 *   missing       ┌─────────┐                                 │ FULL │
 *                 │ WAITING │                                 └──────┘
 *                 └─────────┘ subscriber_wake
 *
 * IDLE     no members
 * BEHIND   in broker.behind; the pump runs at the end of this turn
 * WAITING  someone will wake it: a feed that becomes live, a page, an answer
 * FULL     the sink said SINK_FULL, and subscriber_writable() has not come yet
 * LIVE     has a cursor; all feeds are live, and it was given all that their tails held when the last turn ended
 *
 * A member is merged once the subscriber's one cursor covers it. Those added with the same start before the cursor is
 * known are merged from the beginning. Any other first catches up by itself, from its own place to the cursor of the
 * others.
 */
#include "hub.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

void subscriber_enter(struct subscriber *s, enum subscriber_state state, const char *why)
{
    static const char *const names[] = {"IDLE", "BEHIND", "WAITING", "FULL", "LIVE"};
    if (s->state == state)
        return;
    log_debug("subscriber", "%p %s -> %s (%s)", (void *)s, names[s->state], names[state], why);
    if (s->state == SUB_BEHIND)
        TAILQ_REMOVE(&s->broker->behind, s, in_behind);
    s->state = (uint8_t)state;
    if (state == SUB_FULL) /* a slow browser costs its cursor, nothing else */
        for (struct member *member = s->members; member; member = member->next)
            member_pin(member, NULL);
    if (state == SUB_BEHIND)
        TAILQ_INSERT_TAIL(&s->broker->behind, s, in_behind);
}

void subscriber_wake(struct subscriber *s, const char *why)
{
    s->is_at_horizon = false;
    if (s->state == SUB_WAITING || s->state == SUB_LIVE)
        subscriber_enter(s, SUB_BEHIND, why);
}

void member_pin(struct member *member, struct cached_page *cached)
{
    if (cached)
        cached->pins++;
    if (member->pinned)
        member->pinned->pins--;
    member->pinned = cached;
}

struct position member_after(const struct member *member)
{
    const struct subscriber *s = member->subscriber;
    if (!member->is_merged)
        return member->after;
    return member->has_after ? position_max(s->cursor, member->after) : s->cursor;
}

struct subscriber *subscriber_new(struct broker *broker, const struct sink_ops *ops, void *sink, unsigned format)
{
    struct subscriber *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->broker = broker;
    s->ops = ops;
    s->sink = sink;
    s->format = (uint8_t)format;
    broker->counters.subscribers++;
    return s;
}

static struct member *subscriber_find(const struct subscriber *s, const char *name, size_t len)
{
    for (struct member *member = s->members; member; member = member->next)
        if (member->feed->name_len == len && memcmp(member->feed->name, name, len) == 0)
            return member;
    return NULL;
}

static bool subscriber_start_is_same(const struct start *a, const struct start *b)
{
    return a->kind == b->kind && (a->kind != START_AFTER || position_compare(a->after, b->after) == 0) &&
           (a->kind != START_NEWEST || a->count == b->count);
}

enum add_result subscriber_add(struct subscriber *s, const char *name, size_t len, const struct start *start,
                               uint64_t tag)
{
    CHECK(!s->broker->is_walking);
    if (subscriber_find(s, name, len))
        return ADD_ALREADY;
    struct member *member = calloc(1, sizeof *member);
    struct feed *feed = member ? feed_get(s->broker, name, len) : NULL;
    if (!feed) {
        free(member);
        return ADD_NO_MEMORY;
    }
    member->feed = feed;
    member->subscriber = s;
    member->tag = tag;
    member->start = *start;
    if (!s->has_cursor && !s->members)
        s->start = *start;
    member->is_merged = !s->has_cursor && subscriber_start_is_same(start, &s->start);
    s->is_unmerged = s->is_unmerged || !member->is_merged;

    struct member **end = &s->members;
    while (*end)
        end = &(*end)->next;
    *end = member;
    s->member_count++;
    feed_add(feed, member);
    if (s->state == SUB_IDLE)
        subscriber_enter(s, SUB_BEHIND, "its first feed");
    else
        subscriber_wake(s, "one more feed");
    return ADD_OK;
}

static void subscriber_member_free(struct member *member)
{
    member_pin(member, NULL);
    feed_remove(member->feed, member);
    free(member);
}

/* An answer that comes now is for feeds that it does not listen to any more. */
static void subscriber_drop_question(struct subscriber *s)
{
    if (s->is_asking)
        HASH_DELETE(by_id, s->broker->asking, s);
    s->is_asking = false;
}

bool subscriber_remove(struct subscriber *s, const char *name, size_t len)
{
    CHECK(!s->broker->is_walking);
    struct member *member = subscriber_find(s, name, len);
    if (!member)
        return false;
    struct member **link = &s->members;
    while (*link != member)
        link = &(*link)->next;
    *link = member->next;
    s->member_count--;
    subscriber_member_free(member);
    if (!s->members)
        subscriber_drop_question(s);
    if (!s->members && s->state != SUB_FULL)
        subscriber_enter(s, SUB_IDLE, "its last feed is gone");
    else
        subscriber_wake(s, "one feed less");
    return true;
}

unsigned subscriber_feeds(const struct subscriber *s)
{
    return s->member_count;
}

void subscriber_writable(struct subscriber *s)
{
    if (s->state != SUB_FULL)
        return;
    subscriber_enter(s, s->members ? SUB_BEHIND : SUB_IDLE, "the socket drained");
}

bool subscriber_cursor(struct subscriber *s, struct position *out)
{
    if (!s->has_cursor)
        return false;
    if (s->state == SUB_LIVE && s->is_verified) {
        bool all_live = true;
        for (const struct member *member = s->members; member && all_live; member = member->next)
            all_live = member->feed->state == FEED_LIVE;
        if (all_live)
            s->cursor = position_max(s->cursor, s->broker->flushed);
    }
    *out = s->cursor;
    return true;
}

void subscriber_free(struct subscriber *s)
{
    if (!s)
        return;
    struct broker *broker = s->broker;
    CHECK(!broker->is_walking);
    subscriber_enter(s, SUB_IDLE, "it leaves");
    while (s->members) {
        struct member *member = s->members;
        s->members = member->next;
        subscriber_member_free(member);
    }
    subscriber_drop_question(s);
    broker->counters.subscribers--;
    free(s);
}
