/*
 * pump.c - in this order: the start, gaps, what all merged members have, members that catch up.
 *
 * Each step returns false if the pump can't go on now; the strand's state then says what it waits for.
 */
#include "pump.h"

#include "catch_up.h"
#include "give.h"
#include "question.h"
#include "subscriber.h"

/* --- the start ---------------------------------------------------------------------------------------------------- */

static void pump_on_newest(void *arg, bool is_answered, struct position position)
{
    struct strand *strand = arg;
    strand->question = NULL;
    if (!is_answered) {
        feed_tend(strand->members->feed); /* which wakes the strand to ask again */
        return;
    }
    bool is_known = !position_is_begin(strand->start.after);
    if (is_known && shard_start_is_late(&strand->start, strand->shard)) /* more than it asked for may have come since */
        position = position_min(position, strand->start.after);
    strand->start = (struct shard_start){.kind = START_AFTER, .after = position, .is_exact = true};
    strand->wants_kept = true;
    strand_wake(strand, "Redis reported the start");
}

static void pump_ask_newest(struct strand *strand)
{
    struct bytes names[GIVE_RUNS_MAX];
    unsigned count = 0;
    if (strand->question)
        return;
    for (const struct member *member = strand->members; member && count < GIVE_RUNS_MAX; member = member->next)
        if (member->is_merged && !member->feed->is_ephemeral)
            names[count++] = feed_name(member->feed);
    strand->question = question_ask(strand->shard, names, count, strand->start.count, pump_on_newest, strand);
    if (!strand->question)
        feed_tend(strand->members->feed); /* which wakes the strand to ask again */
}

/* The newest position that its feeds have received. false: some feed is not live. */
static bool pump_now(const struct strand *strand, struct position *out)
{
    *out = strand->shard->flushed;
    for (const struct member *member = strand->members; member; member = member->next) {
        if (member->feed->state != FEED_LIVE)
            return false;
        if (!member->feed->is_ephemeral)
            *out = position_max(*out, feed_heard(member->feed));
    }
    return true;
}

/* Find the strand's first place. false: it is not known yet. */
static bool pump_start(struct strand *strand)
{
    if (shard_start_is_late(&strand->start, strand->shard))
        shard_start_fix(&strand->start);
    switch (strand->start.kind) {
    case START_NOW:
        if (!pump_now(strand, &strand->place)) {
            feed_tend(strand->members->feed); /* which wakes the strand to look again */
            strand_enter(strand, STRAND_WAITING, "its feeds are not live");
            return false;
        }
        strand->is_verified = strand->is_exact = true;
        break;
    case START_AFTER:
        strand->place = strand->start.after;
        strand->is_exact = strand->start.is_exact;
        strand->is_verified = position_is_begin(strand->place);
        strand->wants_kept = strand->wants_kept || strand->is_verified;
        break;
    case START_NEWEST:
        pump_ask_newest(strand);
        strand_enter(strand, STRAND_WAITING, "asking Redis for the start");
        return false;
    }
    strand->claimed = strand->place;
    strand->has_place = true;
    return true;
}

/* --- gaps --------------------------------------------------------------------------------------------------------- */

/*
 * A place that is ahead or from another keyspace is worthless: start again from the beginning. If it is this member's
 * own place, the others are not touched; if it is the strand's, all members start again. If another member's gap has
 * already sent the strand to the beginning, this member joins it: on its own, its entries would come after newer ones.
 */
static void pump_begin_anew(struct strand *strand, struct member *member)
{
    if (member->is_merged && position_is_begin(strand->place)) {
        member->after = POSITION_BEGIN;
        return;
    }
    if (!member->is_merged || position_compare(member->page.loss.after, strand->place) > 0) {
        member->after = POSITION_BEGIN;
        member->is_merged = false;
        strand->is_unmerged = true;
        strand_simplify(strand);
        return;
    }
    for (struct member *other = strand->members; other; other = other->next)
        pager_begin_anew(&other->feed->pager, &other->page, member_after(other), member->page.loss.reason);
    strand->place = strand->claimed = POSITION_BEGIN;
    strand->is_verified = strand->is_exact = true;
    for (struct member *other = strand->members; other; other = other->next) {
        other->after = POSITION_BEGIN;
        other->has_after = true;
        other->is_merged = true;
    }
    strand->is_unmerged = false;
    strand_simplify(strand);
}

static bool pump_tell_gap(struct strand *strand, struct member *member, const struct loss *loss)
{
    struct cursor cursor;
    struct gap gap = {.channel = feed_name(member->feed),
                      .after = loss->after,
                      .has_oldest = loss->has_oldest,
                      .oldest = loss->oldest,
                      .reason = loss->reason,
                      .cursor = &cursor};
    struct position place = member->is_merged ? strand->place : member_after(member);
    subscriber_compose_at(strand->subscriber, strand, place, &cursor);
    strand->shard->broker->counters.gaps_told++;
    return !subscriber_is_full(strand->subscriber, strand->ops->gap(strand->sink, &gap));
}

/* Send the gaps that are known. false: the socket is full. */
static bool pump_gaps(struct strand *strand)
{
    struct loss loss;
    for (struct member *member = strand->members; member; member = member->next)
        if (member->page.has_loss && (member->page.loss.reason == GAP_AHEAD || member->page.loss.reason == GAP_RESET))
            pump_begin_anew(strand, member);
    for (struct member *member = strand->members; member; member = member->next)
        if (pager_take_loss(&member->page, &loss) && !pump_tell_gap(strand, member, &loss))
            return false;
    return true;
}

/* --- what the merged members have --------------------------------------------------------------------------------- */

/* Find the next entries of all merged members. They do not wait for members that still catch up. */
static bool pump_runs(struct strand *strand, struct run runs[static GIVE_RUNS_MAX], unsigned *count,
                      struct horizon *horizon)
{
    bool is_known = true;
    for (struct member *member = strand->members; member; member = member->next) {
        CHECK(*count < GIVE_RUNS_MAX);
        if (!member->is_merged)
            continue;
        if (!give_run(member, &runs[*count], horizon))
            is_known = false;
        else if (runs[*count].entries)
            ++*count;
    }
    return is_known;
}

/* Up to where may entries be given? NULL: no limit. A single tail has no horizon, as it is merged with nothing. */
static const struct position *pump_nearest(struct horizon *horizon, unsigned runs)
{
    if (runs == 1)
        return horizon->has_page ? &horizon->page : NULL;
    if (!horizon->has_page)
        return horizon->has_heard ? &horizon->heard : NULL;
    return horizon->has_heard && position_compare(horizon->heard, horizon->page) < 0 ? &horizon->heard : &horizon->page;
}

/* All was given up to the horizon: go on to the next page, or wait for more to be certain. */
static void pump_at_horizon(struct strand *strand, const struct horizon *horizon, unsigned runs)
{
    bool is_page_over = horizon->has_page &&
                        (runs == 1 || !horizon->has_heard || position_compare(horizon->page, horizon->certain) <= 0);
    if (!is_page_over) {
        strand_enter(strand, STRAND_AT_HORIZON, "no more is certain");
        shard_hurry(strand->shard);
        return;
    }
    strand->place = position_max(strand->place, horizon->page);
    strand_enter(strand, STRAND_BEHIND, "the page is used up");
}

/* Has this channel or pattern just caught up, in all shards that have it? Then it counts as told. */
static bool pump_tells(struct strand *strand, struct member *member)
{
    if (member->is_told || !member->is_merged)
        return false;
    if (strand->is_shared)
        return subscriber_tells(strand->subscriber, feed_name(member->feed));
    member->is_told = true;
    return true;
}

/* Tell the sink which feeds have caught up. false: the socket is full. */
static bool pump_tell(struct strand *strand)
{
    struct cursor cursor;
    for (struct member *member = strand->members; member; member = member->next) {
        if (!pump_tells(strand, member))
            continue;
        subscriber_compose(strand->subscriber, &cursor);
        enum sink_result result = strand->ops->subscribed(strand->sink, feed_name(member->feed), member->tag, &cursor);
        if (subscriber_is_full(strand->subscriber, result))
            return false;
    }
    return true;
}

/* Give the merged members' entries after the place. false: no more for now. */
static bool pump_merged(struct strand *strand)
{
    struct run runs[GIVE_RUNS_MAX];
    struct horizon horizon = {0};
    unsigned count = 0;
    if (!pump_runs(strand, runs, &count, &horizon)) {
        strand_wait(strand, "a feed is not live, or a page is missing");
        return false;
    }
    enum given given = give(strand, runs, count, pump_nearest(&horizon, count), &strand->place);
    strand->wants_kept = false; /* what was kept at the start is known by now */
    if (count > 0)
        strand->is_exact = true; /* a tail or a page of this shard has served it */
    if (given == GIVEN_FULL)
        return false;
    if (given == GIVEN_SOME) {
        strand_enter(strand, STRAND_BEHIND, "more to give");
        return false;
    }
    if (given == GIVEN_UNTIL || horizon.has_page) {
        pump_at_horizon(strand, &horizon, count);
        return false;
    }
    strand->is_verified = true;
    return pump_tell(strand);
}

/* --- the pump ----------------------------------------------------------------------------------------------------- */

static void pump_steps(struct strand *strand)
{
    if (!strand->has_place && !pump_start(strand))
        return;
    if (!strand->is_begun && !subscriber_begin(strand))
        return;
    if (!pump_gaps(strand) || !catch_up_adopt(strand) || !pump_merged(strand))
        return;
    if (!strand->is_unmerged)
        strand_enter(strand, STRAND_LIVE, "all given");
    else if (catch_up(strand)) /* what they have beyond the place is given in the next turn */
        strand_enter(strand, STRAND_BEHIND, "all are merged");
}

void pump(struct strand *strand)
{
    if (!strand->members) {
        strand_enter(strand, STRAND_IDLE, "no feeds");
        return;
    }
    pump_steps(strand);
    if (!EXPECT(strand_is_sound(strand)))
        strand_enter(strand, STRAND_BEHIND, "its state is inconsistent");
}
