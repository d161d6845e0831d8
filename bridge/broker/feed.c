/*
 * feed.c - one channel, or a pattern of channels, as this worker follows it.
 *
 *             feed_get          feed_confirmed            feed_on_filled
 *   ┌──────┐ feed_join ┌─────────┐  ──────►   ┌─────────┐   ──────►   ┌──────┐
 *   │ AWAY │ ────────► │ JOINING │            │ FILLING │             │ LIVE │
 *   └──────┘           └─────────┘            └─────────┘  ◄──────    └──────┘
 *       ▲                   │                      │      feed_hear: a hole │
 *       └───────────────────┴── feed_away ◄────────┴───────────────────────┘
 *
 * Joining live to the log without a hole: first subscribe, on one connection; once that is confirmed, read the log, on
 * the other. Redis executes the read after the subscription, so whatever the read does not bring is announced. What is
 * announced before the read's answer is held, and what of it the answer covers is dropped. (Two connections, so that a
 * long page never stands in front of what is live.)
 *
 * After an outage the same read begins at the tail's end: where it brings all that was missed, the tail goes on as if
 * nothing had been; where it does not, the tail begins anew and each member reads on from its own cursor.
 *
 * Pages     Members behind the tail share pages (see page_cache.h): at most one read per feed is under way, from the
 *           position of the one furthest behind, and all who are within what it brings go on from it.
 */
#include "hub.h"

#include "base/clock.h"
#include "base/log.h"
#include "gap.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_ENTRIES 256

static const char *const feed_state_names[] = {"AWAY", "JOINING", "FILLING", "LIVE"};

static void feed_enter(struct feed *feed, enum feed_state state)
{
    log_debug("feed", "name=\"%s\" %s -> %s", LOG_TEXT(feed->name, feed->name_len), feed_state_names[feed->state],
              feed_state_names[state]);
    feed->state = state;
    if (state == FEED_FILLING)
        feed_tend(feed);
}

void feed_tend(struct feed *feed)
{
    if (feed->is_tended)
        return;
    feed->is_tended = true;
    TAILQ_INSERT_TAIL(&feed->broker->tended, feed, in_tended);
}

static struct bytes feed_name(const struct feed *feed)
{
    return (struct bytes){feed->name, feed->name_len};
}

/* The Redis channel or pattern on which it is heard. */
static void feed_subscription(struct feed *feed, void (*verb)(struct listener *, bool, struct bytes))
{
    struct broker *broker = feed->broker;
    struct bytes name = feed_name(feed);
    char live[NAMES_LIVE_MAX];
    verb(broker->listener, feed->is_pattern, feed->is_ephemeral ? name : names_live(broker->config.redis, name, live));
}

static void feed_wake_members(struct feed *feed, const char *why)
{
    struct member *member;
    TAILQ_FOREACH (member, &feed->members, in_feed)
        subscriber_wake(member->subscriber, why);
}

bool feed_wake_unstarted(struct feed *feed)
{
    bool is_any = false;
    struct member *member;
    TAILQ_FOREACH (member, &feed->members, in_feed) {
        if (member->subscriber->has_cursor)
            continue;
        subscriber_wake(member->subscriber, "Redis can be asked");
        is_any = true;
    }
    return is_any;
}

/* --- birth and death ---------------------------------------------------------------------------------------------- */

struct feed *feed_find(struct broker *broker, const char *name, size_t len)
{
    struct feed *feed;
    HASH_FIND(by_name, broker->feeds, name, len, feed);
    return feed;
}

struct feed *feed_get(struct broker *broker, const char *name, size_t len)
{
    struct feed *feed = feed_find(broker, name, len);
    if (feed)
        return feed;
    feed = calloc(1, sizeof *feed + len + 1);
    if (!feed)
        return NULL;
    feed->broker = broker;
    feed->id = ++broker->last_id;
    TAILQ_INIT(&feed->members);
    TAILQ_INIT(&feed->waiting);
    TAILQ_INIT(&feed->pages);
    feed->name_len = len;
    memcpy(feed->name, name, len);
    feed->is_pattern = glob_is_pattern(name, len);
    feed->is_ephemeral = glob_list_contains(broker->config.ephemeral, name, len);
    HASH_ADD(by_name, broker->feeds, name, len, feed);
    HASH_ADD(by_id, broker->feeds_by_id, id, sizeof feed->id, feed);
    if (listener_is_up(broker->listener))
        feed_join(feed);
    return feed;
}

void feed_free(struct feed *feed)
{
    struct broker *broker = feed->broker;
    if (feed->is_dirty)
        TAILQ_REMOVE(&broker->dirty, feed, in_dirty);
    if (feed->is_wanted)
        TAILQ_REMOVE(&broker->wanted, feed, in_wanted);
    if (feed->is_tended)
        TAILQ_REMOVE(&broker->tended, feed, in_tended);
    feed_drop_tail(feed);
    HASH_DELETE(by_name, broker->feeds, feed);
    HASH_DELETE(by_id, broker->feeds_by_id, feed);
    tail_fini(&feed->held);
    page_cache_fini(&feed->pages);
    free(feed);
}

void feed_add(struct feed *feed, struct member *member)
{
    TAILQ_INSERT_TAIL(&feed->members, member, in_feed);
    feed->member_count++;
}

/* A feed that waits for its confirmation stays until that comes, so that no confirmation is taken for another's. */
static void feed_end(struct feed *feed)
{
    if (feed->state == FEED_JOINING)
        return;
    if (feed->state != FEED_AWAY)
        feed_subscription(feed, listener_unsubscribe);
    feed_free(feed);
}

void feed_remove(struct feed *feed, struct member *member)
{
    feed_want_no_page(feed, member);
    TAILQ_REMOVE(&feed->members, member, in_feed);
    if (--feed->member_count == 0)
        feed_end(feed);
}

/* --- joining live to the log -------------------------------------------------------------------------------------- */

static void feed_mark_dirty(struct feed *feed)
{
    if (feed->is_dirty)
        return;
    feed->is_dirty = true;
    feed->fresh_since = tail_end(&feed->tail);
    TAILQ_INSERT_TAIL(&feed->broker->dirty, feed, in_dirty);
}

/* false: no memory; the tail then begins anew behind the entry, and members read it from the log. */
static void feed_push(struct feed *feed, struct entry *entry)
{
    const struct broker_config *config = &feed->broker->config;
    if (!tail_push(&feed->tail, entry, config->tail_entries, config->tail_bytes)) {
        tail_reset(&feed->tail, entry->position);
        feed_wake_members(feed, "no memory for the tail");
    }
}

void feed_count_tail(struct feed *feed)
{
    struct broker *broker = feed->broker;
    if (feed->tail_bytes > 0)
        TAILQ_REMOVE(&broker->tailed, feed, in_tailed);
    broker->tail_bytes += feed->tail.bytes - feed->tail_bytes;
    feed->tail_bytes = feed->tail.bytes;
    if (feed->tail_bytes > 0)
        TAILQ_INSERT_TAIL(&broker->tailed, feed, in_tailed);
}

void feed_drop_tail(struct feed *feed)
{
    struct position end = tail_end(&feed->tail);
    tail_fini(&feed->tail);
    tail_reset(&feed->tail, end);
    feed_count_tail(feed);
}

/* The position from which the filling read starts: where the tail ends; for a new feed, where the member furthest
 * behind starts. */
static struct position feed_fill_after(const struct feed *feed)
{
    if (feed->has_tail)
        return tail_end(&feed->tail);
    struct position after = feed->broker->flushed;
    const struct member *member;
    TAILQ_FOREACH (member, &feed->members, in_feed) {
        const struct subscriber *s = member->subscriber;
        bool is_known = member->is_merged ? s->has_cursor : member->has_after;
        struct position wanted = is_known ? member_after(member) : member->start.after;
        if ((is_known || member->start.kind == START_AFTER) && position_compare(wanted, after) < 0)
            after = wanted;
    }
    return after;
}

static void feed_on_filled(void *arg, uint64_t id, struct reply reply, const struct page *page);

static void feed_fill(struct feed *feed)
{
    struct bytes name = feed_name(feed);
    feed->is_filling_sent = true;
    feed->held_overflowed = false;
    tail_reset(&feed->held, POSITION_BEGIN);
    caller_read(feed->broker->caller, &name, 1, feed_fill_after(feed), PAGE_ENTRIES, feed_on_filled, feed->broker,
                feed->id);
}

static struct cached_page *feed_keep(struct feed *feed, const struct page *page)
{
    feed_tend(feed);
    return page_cache_add(&feed->pages, page, clock_now_ms());
}

/* Let the tail go on with what the page brings, or where that is not all, begin anew behind it. */
static void feed_extend_tail(struct feed *feed, const struct page *page)
{
    enum gap_reason reason;
    bool goes_on = !page->has_more && (!feed->has_tail || gap_is_absent(page, &page->extents[0], page->after, &reason));
    if (!goes_on || position_compare(page_since(page), page->newest) > 0) {
        tail_reset(&feed->tail, page->newest);
        feed_keep(feed, page);
    } else {
        if (!feed->has_tail)
            tail_reset(&feed->tail, page_since(page));
        for (unsigned i = 0; i < page->count; i++)
            if (position_compare(page->entries[i]->position, tail_end(&feed->tail)) > 0)
                feed_push(feed, page->entries[i]);
    }
    feed->has_tail = true;
    feed->joined_at = page->newest;
}

/* The page was read after the subscription was confirmed: what is later than page->newest was heard. */
static void feed_go_live(struct feed *feed, const struct page *page)
{
    feed_extend_tail(feed, page);
    for (unsigned i = 0; i < feed->held.count; i++) {
        struct entry *entry = tail_at(&feed->held, i);
        if (position_compare(entry->position, page->newest) > 0)
            feed_push(feed, entry);
    }
    tail_fini(&feed->held);
    feed_count_tail(feed);
    feed_enter(feed, FEED_LIVE);

    /* Whoever is ahead of all positions now was not before: writes were lost. */
    struct member *member;
    TAILQ_FOREACH (member, &feed->members, in_feed)
        if (position_compare(member->subscriber->cursor, page->newest) > 0)
            member->subscriber->is_verified = false;
    feed_wake_members(feed, "the feed is live");
}

static void feed_on_filled(void *arg, uint64_t id, struct reply reply, const struct page *page)
{
    struct broker *broker = arg;
    struct feed *feed;
    HASH_FIND(by_id, broker->feeds_by_id, &id, sizeof id, feed);
    if (!feed || feed->state != FEED_FILLING || !feed->is_filling_sent)
        return;
    feed->is_filling_sent = false;
    if (reply.status == REPLY_DOWN)
        return; /* feed_join or broker_on_caller_up sends it again */
    if (reply.status == REPLY_ERROR || page->extent_count != 1) {
        log_warn("read_failed", "feed=\"%s\" why=\"%s\"", LOG_TEXT(feed->name, feed->name_len),
                 LOG_TEXT(reply.text, strlen(reply.text)));
        return; /* the beat sends it again */
    }
    broker->counters.pages_read++;
    if (feed->held_overflowed)
        feed_fill(feed);
    else
        feed_go_live(feed, page);
}

void feed_join(struct feed *feed)
{
    feed_enter(feed, FEED_JOINING);
    feed_subscription(feed, listener_subscribe);
}

void feed_settle(struct feed *feed)
{
    struct member *member;
    struct position cursor;
    TAILQ_FOREACH (member, &feed->members, in_feed)
        (void)subscriber_cursor(member->subscriber, &cursor);
}

void feed_away(struct feed *feed)
{
    if (feed->member_count == 0) {
        feed_free(feed);
        return;
    }
    /* Answers to what was asked before belong to an earlier subscription: let them find nobody. */
    HASH_DELETE(by_id, feed->broker->feeds_by_id, feed);
    feed->id = ++feed->broker->last_id;
    HASH_ADD(by_id, feed->broker->feeds_by_id, id, sizeof feed->id, feed);
    feed->is_filling_sent = feed->is_reading = false;
    if (feed->state != FEED_AWAY)
        feed_enter(feed, FEED_AWAY);
}

void feed_confirmed(struct feed *feed)
{
    if (feed->state != FEED_JOINING)
        return;
    if (feed->member_count == 0) {
        feed_enter(feed, FEED_LIVE);
        feed_end(feed);
        return;
    }
    if (feed->is_ephemeral) {
        feed_enter(feed, FEED_LIVE);
        feed_wake_members(feed, "the feed is live");
        return;
    }
    feed_enter(feed, FEED_FILLING);
    feed_fill(feed);
}

void feed_forget(struct feed *feed, struct position before)
{
    struct member *member;
    if (feed->state != FEED_LIVE || feed->is_ephemeral)
        return;
    TAILQ_FOREACH (member, &feed->members, in_feed) {
        struct subscriber *s = member->subscriber;
        if (s->state != SUB_LIVE)
            continue;
        if (!feed->broker->is_lost) { /* it has been given all that there was before the flush */
            s->cursor = position_max(s->cursor, before);
        } else {
            s->cursor = position_max(s->cursor, feed->broker->flushed);
            subscriber_wake(s, "it may miss what Redis lost");
        }
    }
    tail_forget(&feed->tail, before);
    feed_count_tail(feed);
    page_cache_invalidate(&feed->pages);
}

/* --- hearing ------------------------------------------------------------------------------------------------------ */

static void feed_hold(struct feed *feed, struct entry *entry)
{
    const struct broker_config *config = &feed->broker->config;
    unsigned before = feed->held.count;
    if (!tail_push(&feed->held, entry, config->tail_entries, config->tail_bytes) || feed->held.count <= before)
        feed->held_overflowed = true; /* the log has it: read once more, from a later moment on */
}

struct position feed_heard(const struct feed *feed)
{
    return position_max(feed->joined_at, tail_end(&feed->tail));
}

void feed_hear(struct feed *feed, struct entry *entry)
{
    if (feed->is_ephemeral) {
        feed_mark_dirty(feed);
        feed_push(feed, entry);
        return;
    }
    if (feed->state == FEED_FILLING) {
        feed_hold(feed, entry);
        return;
    }
    if (feed->state != FEED_LIVE || position_compare(entry->position, tail_end(&feed->tail)) <= 0)
        return;
    struct position known = position_max(feed_heard(feed), feed->broker->watermark);
    if (!feed->is_pattern && position_compare(entry->previous, known) > 0) {
        /* Redis never skips one on a connection that lives; but where it did, the log has it. */
        log_warn("hole", "channel=\"%s\"", LOG_TEXT(feed->name, feed->name_len));
        feed->broker->counters.holes_filled++;
        feed_enter(feed, FEED_FILLING);
        feed_fill(feed);
        return;
    }
    feed_mark_dirty(feed);
    feed_push(feed, entry);
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

void feed_want_no_page(struct feed *feed, struct member *member)
{
    if (!member->wants_page)
        return;
    member->wants_page = false;
    TAILQ_REMOVE(&feed->waiting, member, in_waiting);
}

void feed_want_page(struct feed *feed, struct member *member)
{
    if (!member->wants_page) {
        member->wants_page = true;
        member->is_asked = false;
        TAILQ_INSERT_TAIL(&feed->waiting, member, in_waiting);
    }
    feed_tend(feed);
    if (feed->is_wanted)
        return;
    feed->is_wanted = true;
    TAILQ_INSERT_TAIL(&feed->broker->wanted, feed, in_wanted);
}

/* Does the member miss something that it has not been told, and asked for? */
static bool feed_misses(const struct page *page, struct member *member, enum gap_reason *reason)
{
    struct position after = member_after(member);
    struct known_loss loss = page_loss(page);
    bool is_first = !member->is_served;
    member->is_served = true;
    if (is_first && member->subscriber->asks_for_kept) {
        member->known_loss = (struct known_loss){loss.trimmed, page->newest};
        return false;
    }
    return !gap_is_absent(page, &page->extents[0], after, reason) &&
           (*reason == GAP_AHEAD || !known_loss_covers(&member->known_loss, &loss, after));
}

/* What the page, which was kept as `cached` (or not: NULL), says about a member that waited for it. */
static void feed_serve(struct feed *feed, const struct page *page, struct cached_page *cached, struct member *member)
{
    struct position after = member_after(member);
    const struct log_extent *extent = &page->extents[0];
    enum gap_reason reason;
    feed_want_no_page(feed, member);
    if (feed_misses(page, member, &reason)) {
        member->has_gap = true;
        member->gap = (struct gap){.channel = {feed->name, feed->name_len},
                                   .after = after,
                                   .has_oldest = extent->has_log,
                                   .oldest = extent->oldest,
                                   .reason = reason};
        member->known_loss = (struct known_loss){page_loss(page).trimmed, page->newest};
    } else {
        if (position_compare(after, member->subscriber->cursor) >= 0)
            member->subscriber->is_verified = true;
        if (member->subscriber->state != SUB_FULL) /* its turn may come when others have read many more pages */
            member_pin(member, cached);
    }
    subscriber_wake(member->subscriber, "a page came");
}

static void feed_on_page(void *arg, uint64_t id, struct reply reply, const struct page *page)
{
    struct broker *broker = arg;
    struct feed *feed;
    HASH_FIND(by_id, broker->feeds_by_id, &id, sizeof id, feed);
    if (!feed)
        return;
    feed->is_reading = false;
    if (reply.status != REPLY_OK || page->extent_count != 1)
        return; /* feed_sweep asks again */
    broker->counters.pages_read++;
    struct cached_page *cached = feed_keep(feed, page);
    struct member *member, *next;
    for (member = TAILQ_FIRST(&feed->waiting); member; member = next) {
        next = TAILQ_NEXT(member, in_waiting);
        /* Who came after the read was sent may know of newer positions than the read does. */
        struct position after = member_after(member);
        bool is_within = position_compare(after, page->after) >= 0 &&
                         (member->is_asked || position_compare(after, page->newest) <= 0);
        member->is_asked = false;
        if (is_within)
            feed_serve(feed, page, cached, member);
        else
            feed_want_page(feed, member);
    }
}

void feed_read(struct feed *feed)
{
    if (feed->is_reading || TAILQ_EMPTY(&feed->waiting))
        return;
    struct position after = member_after(TAILQ_FIRST(&feed->waiting));
    struct member *member;
    TAILQ_FOREACH (member, &feed->waiting, in_waiting) {
        after = position_min(after, member_after(member));
        member->is_asked = true;
    }
    struct bytes name = feed_name(feed);
    feed->is_reading = true;
    caller_read(feed->broker->caller, &name, 1, after, PAGE_ENTRIES, feed_on_page, feed->broker, feed->id);
}

void feed_sweep(struct feed *feed, uint64_t now_ms)
{
    TAILQ_REMOVE(&feed->broker->tended, feed, in_tended);
    feed->is_tended = false;
    page_cache_sweep(&feed->pages, now_ms);
    if (!TAILQ_EMPTY(&feed->waiting) && !feed->is_reading)
        feed_want_page(feed, TAILQ_FIRST(&feed->waiting));
    if (feed->state == FEED_FILLING && !feed->is_filling_sent && caller_is_up(feed->broker->caller))
        feed_fill(feed);
    if (feed_wake_unstarted(feed) || feed->state == FEED_FILLING || !TAILQ_EMPTY(&feed->waiting) ||
        !TAILQ_EMPTY(&feed->pages))
        feed_tend(feed);
}
