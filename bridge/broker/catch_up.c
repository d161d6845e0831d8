/*
 * catch_up.c - one member after the other: each is given what it lacks on its own, and is then merged.
 */
#include "catch_up.h"

#include "give.h"
#include "strand.h"

/* Fix the place of a member that was just added. false: not known yet. */
static bool catch_up_start(struct member *member)
{
    struct strand *strand = member->strand;
    if (member->has_after)
        return true;
    if (shard_start_is_late(&member->start, strand->shard))
        shard_start_fix(&member->start);
    switch (member->start.kind) {
    case START_NEWEST: /* once the strand has a place, "newest" has no exact meaning: treat it as "now" */
    case START_NOW:
        if (member->feed->state != FEED_LIVE)
            return false;
        member->after = position_max(member->feed->is_ephemeral ? POSITION_BEGIN : feed_heard(member->feed),
                                     strand->shard->flushed);
        if (strand_is_merged(strand)) /* "now" is where the others are */
            member->after = position_min(member->after, strand->place);
        break;
    case START_AFTER:
        member->after = member->start.after;
        if (position_compare(member->after, strand->place) > 0)
            strand->is_verified = false;
        break;
    }
    member->has_after = true;
    return true;
}

/* Up to where may entries be given now? To the strand's place, unless the page or what is certain ends before that. */
static struct position catch_up_until(const struct member *member, const struct horizon *horizon, bool *is_late)
{
    struct position until = member->strand->place;
    if (horizon->has_page && position_compare(horizon->page, until) < 0)
        until = horizon->page;
    *is_late = horizon->has_heard && position_compare(horizon->certain, until) < 0;
    return *is_late ? position_max(horizon->certain, member->after) : until;
}

/* One write. false: no more for now, and the strand's state says why. */
static bool catch_up_write(struct strand *strand, struct member *member)
{
    struct run run;
    struct horizon horizon = {0};
    bool is_late;
    if (!give_run(member, &run, &horizon)) {
        strand_wait(strand, "a new feed is not live, or its page is missing");
        return false;
    }
    struct position until = catch_up_until(member, &horizon, &is_late);
    switch (give(strand, &run, 1, &until, &member->after)) {
    case GIVEN_FULL:
        return false;
    case GIVEN_SOME:
        strand_enter(strand, STRAND_BEHIND, "more to give");
        return false;
    case GIVEN_ALL:
    case GIVEN_UNTIL:
        member->after = until;
    }
    if (is_late) {
        strand_enter(strand, STRAND_AT_HORIZON, "no more of a new feed is certain");
        shard_hurry(strand->shard);
    }
    return !is_late;
}

static bool catch_up_member(struct strand *strand, struct member *member)
{
    if (!catch_up_start(member)) {
        strand_enter(strand, STRAND_WAITING, "a new feed is not live");
        return false;
    }
    while (position_compare(member->after, strand->place) < 0)
        if (!catch_up_write(strand, member))
            return false;
    member->is_merged = true;
    return true;
}

bool catch_up(struct strand *strand)
{
    for (struct member *member = strand->members; member; member = member->next)
        if (!member->is_merged && !catch_up_member(strand, member))
            return false;
    strand->is_unmerged = false;
    strand_simplify(strand);
    return true;
}

bool catch_up_adopt(struct strand *strand)
{
    struct member *first = strand->members;
    if (strand_is_merged(strand))
        return true;
    if (!catch_up_start(first)) {
        strand_enter(strand, STRAND_WAITING, "its feed is not live");
        return false;
    }
    strand->place = strand->claimed = first->after;
    strand->is_verified = first->start.kind != START_AFTER;
    strand->is_exact = first->start.is_exact;
    first->is_merged = true;
    return true;
}
