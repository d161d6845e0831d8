/*
 * strand.c - a strand's states, its members, and callbacks from their feeds and pagers.
 */
#include "strand.h"

#include "base/log.h"
#include "question.h"

#include <stdlib.h>

/* --- states ------------------------------------------------------------------------------------------------------- */

static struct strand_list *strand_list_of(struct strand *strand)
{
    if (strand->state == STRAND_BEHIND)
        return &strand->shard->broker->behind;
    return strand->state == STRAND_AT_HORIZON ? &strand->shard->at_horizon : NULL;
}

void strand_enter(struct strand *strand, enum strand_state state, const char *why)
{
    static const char *const names[] = {"IDLE", "BEHIND", "AT_HORIZON", "WAITING", "FULL", "LIVE"};
    struct strand_list *list = strand_list_of(strand);
    if (strand->state == state)
        return;
    log_debug("strand", "%p %s -> %s (%s)", (void *)strand, names[strand->state], names[state], why);
    if (list)
        TAILQ_REMOVE(list, strand, in_list);
    strand->state = (uint8_t)state;
    if (state == STRAND_FULL) /* a slow browser keeps its place, but no page in memory */
        for (struct member *member = strand->members; member; member = member->next)
            pager_unpin(&member->page);
    list = strand_list_of(strand);
    if (list)
        TAILQ_INSERT_TAIL(list, strand, in_list);
}

void strand_wake(struct strand *strand, const char *why)
{
    if (strand->state == STRAND_WAITING || strand->state == STRAND_LIVE || strand->state == STRAND_AT_HORIZON)
        strand_enter(strand, STRAND_BEHIND, why);
}

void strand_wait(struct strand *strand, const char *why)
{
    for (const struct member *member = strand->members; member; member = member->next)
        if (member->page.has_loss) {
            strand_enter(strand, STRAND_BEHIND, "a gap is to be told");
            return;
        }
    strand_enter(strand, STRAND_WAITING, why);
}

static bool strand_waits(const struct strand *strand)
{
    for (const struct member *member = strand->members; member; member = member->next)
        if (member->feed->state != FEED_LIVE || member->page.state != PAGER_IDLE)
            return true;
    return !strand->has_place || !strand->is_begun;
}

bool strand_is_sound(const struct strand *strand)
{
    bool is_any = strand->members;
    switch ((enum strand_state)strand->state) {
    case STRAND_IDLE:
        return !is_any;
    case STRAND_BEHIND:
        return true;
    case STRAND_AT_HORIZON:
        return is_any && strand->has_place;
    case STRAND_WAITING:
        return is_any && strand_waits(strand);
    case STRAND_FULL:
        for (const struct member *member = strand->members; member; member = member->next)
            if (member->page.pinned)
                return false;
        return true;
    case STRAND_LIVE:
        for (const struct member *member = strand->members; member; member = member->next)
            if (!member->is_merged || member->page.state != PAGER_IDLE)
                return false;
        return is_any && strand->has_place && !strand->is_unmerged;
    }
    return false;
}

void strand_settle(struct strand *strand)
{
    if (strand->state != STRAND_LIVE || !strand->is_verified)
        return;
    for (const struct member *member = strand->members; member; member = member->next)
        if (member->feed->state != FEED_LIVE)
            return;
    strand->place = position_max(strand->place, strand->shard->flushed);
}

void strand_forget(struct strand *strand, struct position before, bool is_lost)
{
    if (strand->state != STRAND_LIVE)
        return;
    if (!is_lost) { /* it has been given all that there was in the old keyspace */
        strand->place = position_max(strand->place, before);
        return;
    }
    strand->place = position_max(strand->place, strand->shard->flushed);
    strand_wake(strand, "it may miss entries that Redis lost");
}

/* --- members ------------------------------------------------------------------------------------------------------ */

struct position member_after(const struct member *member)
{
    const struct strand *strand = member->strand;
    if (!member->is_merged)
        return member->after;
    return member->has_after ? position_max(strand->place, member->after) : strand->place;
}

bool strand_is_merged(const struct strand *strand)
{
    for (const struct member *member = strand->members; member; member = member->next)
        if (member->is_merged)
            return true;
    return false;
}

struct member *strand_find(const struct strand *strand, struct bytes name)
{
    for (struct member *member = strand->members; member; member = member->next)
        if (bytes_equal(feed_name(member->feed), name))
            return member;
    return NULL;
}

void strand_simplify(struct strand *strand)
{
    bool is_one = strand->members && !strand->members->next;
    strand->is_simple = is_one && !strand->is_unmerged && !strand->is_shared;
}

/* What is known here may be newer than what the shard has received: pages, and what others have been given, are, too. */
static void strand_know_now(const struct strand *strand, const struct feed *feed, struct shard_start *start)
{
    if (start->kind == START_AFTER)
        return;
    if (strand->has_place && strand->is_verified)
        start->after = position_max(start->after, strand->place);
    if (feed->state == FEED_LIVE && !feed->is_ephemeral)
        start->after = position_max(start->after, feed_heard(feed));
}

bool strand_add(struct strand *strand, struct bytes name, const struct shard_start *start, uint64_t tag)
{
    struct member *member = calloc(1, sizeof *member);
    struct feed *feed = member ? feed_get(strand->shard, name, &strand_member_ops) : NULL;
    if (!feed) {
        free(member);
        return false;
    }
    member->feed = feed;
    member->strand = strand;
    member->tag = tag;
    member->start = *start;
    strand_know_now(strand, feed, &member->start);
    if (!strand->has_place && !strand->members)
        strand->start = member->start;
    member->is_merged = !strand->has_place && shard_start_is_same(start, &strand->start);
    strand->is_unmerged = strand->is_unmerged || !member->is_merged;

    struct member **end = &strand->members;
    while (*end)
        end = &(*end)->next;
    *end = member;
    strand_simplify(strand);
    feed_add(feed, member);
    if (strand->state == STRAND_IDLE)
        strand_enter(strand, STRAND_BEHIND, "its first feed was added");
    else
        strand_wake(strand, "a feed was added");
    return true;
}

/* The answer would be about feeds that the strand does not listen to any more. */
static void strand_drop_question(struct strand *strand)
{
    question_drop(strand->question);
    strand->question = NULL;
}

void strand_remove(struct strand *strand, struct member *member)
{
    struct member **link = &strand->members;
    while (*link != member)
        link = &(*link)->next;
    *link = member->next;
    feed_remove(member->feed, member);
    free(member);
    strand_simplify(strand);
    if (!strand->members)
        strand_drop_question(strand);
    if (!strand->members && strand->state != STRAND_FULL)
        strand_enter(strand, STRAND_IDLE, "its last feed was removed");
    else
        strand_wake(strand, "a feed was removed");
}

void strand_clear(struct strand *strand)
{
    strand_enter(strand, STRAND_IDLE, "its subscriber is freed");
    while (strand->members) {
        struct member *member = strand->members;
        strand->members = member->next;
        feed_remove(member->feed, member);
        free(member);
    }
    strand_drop_question(strand);
}

/* --- callbacks from feeds and pagers ------------------------------------------------------------------------------ */

static void strand_on_wake(struct member *member, const char *why)
{
    strand_wake(member->strand, why);
}

static bool strand_on_place(const struct member *member, struct position *out)
{
    bool is_known = member->is_merged ? member->strand->has_place : member->has_after;
    *out = is_known ? member_after(member) : member->start.after;
    return is_known || member->start.kind == START_AFTER;
}

/* If the place is now ahead of the shard's newest position, Redis may have lost writes: verify it again. */
static void strand_on_live(struct member *member, struct position newest)
{
    if (position_compare(member->strand->place, newest) > 0)
        member->strand->is_verified = false;
}

static bool strand_on_unstarted(const struct member *member)
{
    return !member->strand->has_place || !member->strand->is_begun;
}

/* Does the member read from a place of its own, not from its strand's? */
static bool strand_member_is_elsewhere(const struct member *member)
{
    return !member->is_merged || position_compare(member->page.after, member->strand->place) > 0;
}

/* Let the strand go on from the shard's newest position. */
static void strand_move_back(struct strand *strand, struct position newest)
{
    for (struct member *member = strand->members; member; member = member->next)
        pager_dismiss(&member->feed->pager, &member->page); /* it waited for a page at the old place */
    strand->place = position_min(strand->place, newest);
    strand->claimed = position_min(strand->claimed, newest);
    strand->is_verified = strand->is_exact = true;
}

/*
 * A place taken from a cursor's base for all shards is a moment by another shard's clock, and may be ahead of this
 * shard without any loss: then go on from this shard's newest position.
 */
static void strand_come_back(struct member *member, struct position newest)
{
    struct pager_client *client = &member->page;
    struct loss loss;
    bool is_elsewhere = strand_member_is_elsewhere(member);
    bool is_exact = is_elsewhere ? member->start.is_exact : member->strand->is_exact;
    if (is_exact || client->loss.reason != GAP_AHEAD || !shard_is_moment(client->after))
        return;
    if (!pager_take_loss(client, &loss))
        return;
    if (is_elsewhere)
        member->after = position_min(member->after, newest);
    else
        strand_move_back(member->strand, newest);
}

static bool strand_on_page(struct pager_client *client, enum pager_news news, struct position newest)
{
    struct member *member = (struct member *)((char *)client - offsetof(struct member, page));
    struct strand *strand = member->strand;
    if (news == PAGER_MISSES)
        strand_come_back(member, newest);
    else if (position_compare(client->after, strand->place) >= 0)
        strand->is_verified = strand->is_exact = true;
    strand_wake(strand, "a page arrived");
    return strand->state != STRAND_FULL;
}

const struct member_ops strand_member_ops = {
    .wake = strand_on_wake,
    .place = strand_on_place,
    .live = strand_on_live,
    .is_unstarted = strand_on_unstarted,
    .pager = {.on_page = strand_on_page},
};
