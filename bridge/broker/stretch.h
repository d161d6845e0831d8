/*
 * stretch.h - a stretch of a feed's log in memory: a page that was read, kept while somebody reads on from it.
 *
 * Story     Those behind the tail read pages; a page serves everybody whose cursor is within it. Whoever is served pins
 *           it, so that a subscriber that needs pages of several feeds at once is not kept waiting for ever by others
 *           who need other ones. What nobody pins goes after a while, or when there are many.
 */
#ifndef BROKER_STRETCH_H
#define BROKER_STRETCH_H

#include "redis/redis.h"
#include "tail.h"

#include <sys/queue.h>

/* What a cursor may miss without a word: it has been told, or was not asked for. Two kinds, because what is trimmed is
 * exact, and what may have expired moves on with the clock. */
struct excuse {
    struct position trimmed; /* entries before this */
    struct position expired; /* what can have expired, or Redis had lost, when this was the newest position */
};

struct stretch {
    TAILQ_ENTRY(stretch) in_shelf;
    struct tail entries;    /* misses nothing for cursors from entries.since on; ... */
    struct position after;  /* ... has all that was kept from here on ... */
    struct position until;  /* ... up to here */
    struct position newest; /* of all positions, when it was read */
    struct excuse needs;    /* for cursors before entries.since */
    unsigned pins;
    uint64_t used_ms;
};

/* A feed's stretches, the newest first. */
TAILQ_HEAD(shelf, stretch);

/* The position from which on a page misses nothing: cursors before it need a verdict of their own. */
struct position page_since(const struct page *page);
/* The excuse that a cursor before that needs. */
struct excuse page_excuse(const struct page *page);
/* Is what a page needs excused for this cursor? */
bool excuse_covers(const struct excuse *excuse, const struct excuse *needs, struct position after);

/* Keep a page; shares its entries. NULL: no memory, it is not kept. */
struct stretch *shelf_keep(struct shelf *shelf, const struct page *page, uint64_t now_ms);
/* The stretch that has what comes after `after`, for somebody with this excuse. */
struct stretch *shelf_find(const struct shelf *shelf, struct position after, const struct excuse *excuse);
/* Let go of what nobody pins and nobody used for a while. */
void shelf_sweep(struct shelf *shelf, uint64_t now_ms);
/* No stretch is found any more; those that are pinned go when they are let go. */
void shelf_void(struct shelf *shelf);
/* Let go of everything, pinned or not. */
void shelf_fini(struct shelf *shelf);

#endif
