/*
 * give.h - one write: what the feeds of a strand have after its place, merged by position, up to where it is certain.
 *
 * Story     Each member's entries come from its feed's tail, where that reaches back to the place, else from a page of its
 *           log. An entry that comes by two feeds has one position, so it is given once.
 *
 *           What a member has is known only up to a horizon: a page up to where it ends, a tail up to what has been heard
 *           (a page, or the read that made another feed live, comes by the other connection and may be ahead of that).
 *           Beyond the nearest horizon nothing is given, so nobody ever hears a later entry before an earlier one.
 */
#ifndef BROKER_GIVE_H
#define BROKER_GIVE_H

#include "strand.h"

#include <stdbool.h>

#define GIVE_RUNS_MAX 1024 /* feeds that one strand can have */

/* How far the runs of one write are known. */
struct horizon {
    bool has_page;
    struct position page; /* the nearest end of a page */
    bool has_heard;
    struct position heard; /* the nearest end of what was heard */
    struct position
        certain; /* the same, less what was heard last: it may have copies for other feeds that are to come */
};

/* Where the member's next entries come from; run->entries is NULL where it has none. false: not known yet, and the strand
 * will be woken when it is. */
MUST_CHECK bool give_run(struct member *member, struct run *run, struct horizon *horizon);

enum given {
    GIVEN_ALL,   /* nothing is left up to `until`, and nothing is known beyond */
    GIVEN_UNTIL, /* nothing is left up to `until`, but there is more beyond */
    GIVEN_SOME,  /* the write was large enough, or there was no memory: the rest another time */
    GIVEN_FULL,  /* the socket is full, and the strand is */
};

/* Write what the runs have after *place and up to `until` (NULL: all), in order; *place follows. */
enum given give(struct strand *strand, struct run *runs, unsigned count, const struct position *until,
                struct position *place);

#endif
