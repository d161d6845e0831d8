/*
 * give.h - one write: what a strand's feeds have after its place, merged by position, as far as the order is certain.
 *
 * Story     Each member's entries come from its feed's tail, if that reaches back to the place, else from a page of the
 *           log. An entry that comes by two feeds has one position, so it is given once.
 *
 *           A member's entries are known only up to a horizon: those of a page up to its end, those of a tail up to
 *           what the listener has received. (A page, or the read that made another feed live, comes over the caller's
 *           connection and may be ahead of that.) Nothing beyond the nearest horizon is given, so that the merge
 *           never gives a later entry before an earlier one.
 */
#ifndef BROKER_GIVE_H
#define BROKER_GIVE_H

#include "strand.h"

#include <stdbool.h>

#define GIVE_RUNS_MAX 1024 /* feeds that one strand can have */

/* Up to where all runs of one write are known. */
struct horizon {
    bool has_page;
    struct position page; /* the nearest end of a page */
    bool has_heard;
    struct position heard; /* the nearest end of what was received for a tail */
    /* The same without the newest entry received: copies of it for other feeds may still be on their way. */
    struct position certain;
};

/* Find the member's next entries; run->entries is NULL if its feed is ephemeral. false: not known yet; the strand will
 * be woken when they are. */
MUST_CHECK bool give_run(struct member *member, struct run *run, struct horizon *horizon);

enum given {
    GIVEN_ALL,   /* nothing is left up to `until`, and nothing is known beyond it */
    GIVEN_UNTIL, /* nothing is left up to `until`, but there is more beyond it */
    GIVEN_SOME,  /* the write reached its size limit, or there was no memory: give the remaining entries later */
    GIVEN_FULL,  /* the socket is full, and the strand is STRAND_FULL */
};

/* Write what the runs have after *place and up to `until` (NULL: all), in order, and move *place forward. */
enum given give(struct strand *strand, struct run *runs, unsigned count, const struct position *until,
                struct position *place);

#endif
