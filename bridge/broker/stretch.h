/*
 * stretch.h - a stretch of a feed's log in memory: a page that was read, kept while somebody reads on from it.
 *
 * Story     Those behind the tail read pages; a page serves everybody whose cursor is within it. Whoever is served pins
 *           it, so that a subscriber that needs pages of several feeds at once is not kept waiting for ever by others who
 *           need other ones. What nobody pins goes after a while, or when there are many.
 */
#ifndef BROKER_STRETCH_H
#define BROKER_STRETCH_H

#include "redis/redis.h"
#include "tail.h"

#include <sys/queue.h>

struct stretch {
    TAILQ_ENTRY(stretch) in_shelf;
    struct tail entries;      /* misses nothing for cursors from entries.since on; ... */
    struct position after;    /* ... has all that was kept from here on ... */
    struct position until;    /* ... up to here */
    unsigned pins;
    uint64_t used_ms;
};

/* A feed's stretches, the newest first. */
TAILQ_HEAD(shelf, stretch);

/* The position from which on a page misses nothing: cursors before it need a verdict of their own. */
struct position page_since(const struct page *page);

/* Keep a page; shares its entries. Without memory it is not kept. */
void shelf_keep(struct shelf *shelf, const struct page *page, uint64_t now_ms);
/* The stretch that has what comes after `after`, for somebody who knows that what is before `excused` may be missing. */
struct stretch *shelf_find(const struct shelf *shelf, struct position after, struct position excused);
/* Let go of what nobody pins and nobody used for a while. */
void shelf_sweep(struct shelf *shelf, uint64_t now_ms);
/* Let go of everything, pinned or not. */
void shelf_fini(struct shelf *shelf);

#endif
