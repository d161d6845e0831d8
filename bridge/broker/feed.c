/*
 * feed.c - joining live to the log without a hole.
 *
 * First subscribe, on one connection; once that is confirmed, read the log, on the other. Redis executes the read after
 * the subscription, so whatever the read does not bring is announced. Announcements that come before the read's answer
 * are held, and dropped if the answer covers them.
 *
 * After an outage the same read begins at the tail's end. If it brings all that was missed, the tail goes on as if
 * nothing had happened; if not, the tail starts again empty, and each member reads on from its own place.
 */
#include "feed.h"

#include "base/clock.h"
#include "base/log.h"
#include "redis/page.h"
#include "shard.h"
#include "words/glob.h"

#include <stdlib.h>
#include <string.h>

#define FILL_ENTRIES 256

static void feed_enter(struct feed *feed, enum feed_state state)
{
    static const char *const names[] = {"AWAY", "JOINING", "FILLING", "LIVE"};
    log_debug("feed", "name=\"%s\" %s -> %s", LOG_TEXT(feed->name, feed->name_len), names[feed->state], names[state]);
    feed->state = state;
    if (state == FEED_FILLING)
        feed_tend(feed);
}

struct bytes feed_name(const struct feed *feed)
{
    return (struct bytes){feed->name, feed->name_len};
}

/* --- members ------------------------------------------------------------------------------------------------------ */

static void feed_wake_members(struct feed *feed, const char *why)
{
    struct member *member;
    TAILQ_FOREACH (member, &feed->members, in_feed)
        feed->ops->wake(member, why);
}

bool feed_wake_unstarted(struct feed *feed)
{
    bool is_any = false;
    struct member *member;
    TAILQ_FOREACH (member, &feed->members, in_feed) {
        if (!feed->ops->is_unstarted(member))
            continue;
        feed->ops->wake(member, "Redis can be asked");
        is_any = true;
    }
    return is_any;
}

enum pager_answer feed_ask(struct feed *feed, struct member *member, struct position after, struct run *run,
                           struct position *until)
{
    enum pager_answer answer = pager_ask(&feed->pager, &member->page, after, run, until);
    if (answer == PAGER_WAIT)
        feed_tend(feed);
    return answer;
}

/* --- the tail ----------------------------------------------------------------------------------------------------- */

static void feed_mark_dirty(struct feed *feed)
{
    if (feed->is_dirty)
        return;
    feed->is_dirty = true;
    feed->fresh_since = tail_end(&feed->tail);
    TAILQ_INSERT_TAIL(&feed->shard->broker->dirty, feed, in_dirty);
}

/* If there is no memory, the tail starts again after the entry, and members read the entry from the log. */
static void feed_push(struct feed *feed, struct entry *entry)
{
    const struct broker_config *config = &feed->shard->broker->config;
    if (!tail_push(&feed->tail, entry, config->tail_entries, config->tail_bytes)) {
        tail_reset(&feed->tail, entry->position);
        feed_wake_members(feed, "no memory for the tail");
    }
}

void feed_count_tail(struct feed *feed)
{
    struct broker *broker = feed->shard->broker;
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

void feed_forget(struct feed *feed, struct position before)
{
    if (feed->state != FEED_LIVE || feed->is_ephemeral)
        return;
    tail_forget(&feed->tail, before);
    feed_count_tail(feed);
    pager_forget(&feed->pager);
}

struct position feed_heard(const struct feed *feed)
{
    return position_max(feed->joined_at, tail_end(&feed->tail));
}

/* --- filling ------------------------------------------------------------------------------------------------------ */

/* The place from which the filling read starts: the tail's end; for a new feed, the place of the member furthest
 * behind. */
static struct position feed_fill_after(const struct feed *feed)
{
    if (feed->has_tail)
        return tail_end(&feed->tail);
    struct position after = feed->shard->flushed, place;
    const struct member *member;
    TAILQ_FOREACH (member, &feed->members, in_feed)
        if (feed->ops->place(member, &place) && position_compare(place, after) < 0)
            after = place;
    return after;
}

static void feed_on_filled(void *arg, uint64_t ticket, struct reply reply, const struct page *page);

static void feed_fill(struct feed *feed)
{
    struct bytes name = feed_name(feed);
    feed->is_filling_sent = true;
    feed->held_overflowed = false;
    tail_reset(&feed->held, POSITION_BEGIN);
    caller_read(feed->shard->caller, &name, 1, feed_fill_after(feed), FILL_ENTRIES, feed_on_filled, feed->shard->broker,
                feed->ticket);
}

/* Extend the tail by the page; if that is not all that was missed, start the tail again at the newest position. */
static void feed_extend_tail(struct feed *feed, const struct page *page)
{
    enum gap_reason reason;
    bool goes_on = !page->has_more && (!feed->has_tail || gap_is_absent(page, &page->extents[0], page->after, &reason));
    if (!goes_on || position_compare(page_since(page), page->newest) > 0) {
        tail_reset(&feed->tail, page->newest);
        pager_keep(&feed->pager, page);
        feed_tend(feed);
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

/* The page was read after the subscription was confirmed: entries later than page->newest were received, and held. */
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

    struct member *member;
    TAILQ_FOREACH (member, &feed->members, in_feed)
        feed->ops->live(member, page->newest);
    feed_wake_members(feed, "the feed is live");
}

static void feed_on_filled(void *arg, uint64_t ticket, struct reply reply, const struct page *page)
{
    struct broker *broker = arg;
    struct feed *feed;
    HASH_FIND(by_ticket, broker->feeds, &ticket, sizeof ticket, feed);
    if (!feed || feed->state != FEED_FILLING || !feed->is_filling_sent)
        return;
    feed->is_filling_sent = false;
    if (reply.status == REPLY_DOWN)
        return; /* feed_sweep sends it again */
    if (reply.status == REPLY_ERROR || page->extent_count != 1) {
        complaint_hear(&feed->shard->broker->refused, "read_failed", reply.text);
        return; /* feed_sweep sends it again */
    }
    broker->counters.pages_read++;
    if (feed->held_overflowed)
        feed_fill(feed);
    else
        feed_go_live(feed, page);
}

/* --- callbacks from the source ------------------------------------------------------------------------------------ */

static struct feed *feed_of(struct source_client *client)
{
    return (struct feed *)client;
}

static void feed_on_joining(struct source_client *client)
{
    feed_enter(feed_of(client), FEED_JOINING);
}

static void feed_on_confirmed(struct source_client *client)
{
    struct feed *feed = feed_of(client);
    if (feed->is_ephemeral) {
        feed_enter(feed, FEED_LIVE);
        feed_wake_members(feed, "the feed is live");
        return;
    }
    feed_enter(feed, FEED_FILLING);
    feed_fill(feed);
}

/* Answers under way belong to an earlier subscription: with a new ticket they are ignored. */
static void feed_on_away(struct source_client *client)
{
    struct feed *feed = feed_of(client);
    struct broker *broker = feed->shard->broker;
    HASH_DELETE(by_ticket, broker->feeds, feed);
    feed->ticket = ++broker->last_ticket;
    HASH_ADD(by_ticket, broker->feeds, ticket, sizeof feed->ticket, feed);
    feed->is_filling_sent = false;
    pager_lose(&feed->pager);
    if (feed->state != FEED_AWAY)
        feed_enter(feed, FEED_AWAY);
}

static void feed_hold(struct feed *feed, struct entry *entry)
{
    const struct broker_config *config = &feed->shard->broker->config;
    unsigned before = feed->held.count;
    if (!tail_push(&feed->held, entry, config->tail_entries, config->tail_bytes) || feed->held.count <= before)
        feed->held_overflowed = true; /* the log has it: the read will be repeated */
}

static void feed_on_heard(struct source_client *client, struct entry *entry)
{
    struct feed *feed = feed_of(client);
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
    struct position known = position_max(feed_heard(feed), feed->shard->watermark);
    if (!feed->is_pattern && position_compare(entry->previous, known) > 0) {
        /* Redis never skips an entry on a working connection; if it ever does, the log has it. */
        log_warn("announcement_missed", "channel=\"%s\" hint=\"Redis skipped one; its entry is read from the log\"",
                 LOG_TEXT(feed->name, feed->name_len));
        feed->shard->broker->counters.holes_filled++;
        feed_enter(feed, FEED_FILLING);
        feed_fill(feed);
        return;
    }
    feed_mark_dirty(feed);
    feed_push(feed, entry);
}

static const struct source_ops feed_source_ops = {feed_on_joining, feed_on_confirmed, feed_on_away, feed_on_heard};

/* --- once a second ------------------------------------------------------------------------------------------------ */

void feed_tend(struct feed *feed)
{
    if (feed->is_tended)
        return;
    feed->is_tended = true;
    TAILQ_INSERT_TAIL(&feed->shard->tended, feed, in_tended);
}

void feed_sweep(struct feed *feed, uint64_t now_ms)
{
    struct shard *shard = feed->shard;
    TAILQ_REMOVE(&shard->tended, feed, in_tended);
    feed->is_tended = false;
    if (feed->state == FEED_FILLING && !feed->is_filling_sent && caller_is_up(shard->caller))
        feed_fill(feed);
    bool has_pages = !pager_sweep(&feed->pager, now_ms);
    if (feed_wake_unstarted(feed) || feed->state == FEED_FILLING || has_pages)
        feed_tend(feed);
}

/* --- birth and death ---------------------------------------------------------------------------------------------- */

static struct feed *feed_new(struct shard *shard, struct bytes name, const struct member_ops *ops)
{
    struct broker *broker = shard->broker;
    struct feed *feed = calloc(1, sizeof *feed + name.len + 1);
    if (!feed)
        return NULL;
    feed->shard = shard;
    feed->ops = ops;
    feed->ticket = ++broker->last_ticket;
    TAILQ_INIT(&feed->members);
    feed->name_len = name.len;
    memcpy(feed->name, name.data, name.len);
    feed->is_pattern = glob_is_pattern(name.data, name.len);
    feed->is_ephemeral = glob_list_contains(broker->config.ephemeral, name.data, name.len);
    pager_init(&feed->pager, shard, feed_name(feed), &ops->pager);
    HASH_ADD(by_name, shard->feeds, name, name.len, feed);
    HASH_ADD(by_ticket, broker->feeds, ticket, sizeof feed->ticket, feed);
    return feed;
}

static void feed_free(struct feed *feed)
{
    struct shard *shard = feed->shard;
    struct broker *broker = shard->broker;
    if (feed->is_dirty)
        TAILQ_REMOVE(&broker->dirty, feed, in_dirty);
    if (feed->is_tended)
        TAILQ_REMOVE(&shard->tended, feed, in_tended);
    if (feed->source.source)
        source_leave(&feed->source);
    feed_drop_tail(feed);
    HASH_DELETE(by_name, shard->feeds, feed);
    HASH_DELETE(by_ticket, broker->feeds, feed);
    tail_fini(&feed->held);
    pager_fini(&feed->pager);
    free(feed);
}

struct feed *feed_get(struct shard *shard, struct bytes name, const struct member_ops *ops)
{
    struct feed *feed;
    HASH_FIND(by_name, shard->feeds, name.data, name.len, feed);
    if (feed)
        return feed;
    feed = feed_new(shard, name, ops);
    if (feed && !source_join(&shard->sources, name, feed->is_ephemeral, &feed->source, &feed_source_ops)) {
        feed_free(feed);
        return NULL;
    }
    return feed;
}

void feed_add(struct feed *feed, struct member *member)
{
    TAILQ_INSERT_TAIL(&feed->members, member, in_feed);
}

void feed_remove(struct feed *feed, struct member *member)
{
    pager_dismiss(&feed->pager, &member->page);
    TAILQ_REMOVE(&feed->members, member, in_feed);
    if (TAILQ_EMPTY(&feed->members))
        feed_free(feed);
}
