/*
 * page_cache.h - pages of a feed's log that were read, kept in memory while somebody reads on from them.
 *
 * Story     Those behind the tail read pages; a page serves everybody whose cursor is within it. Whoever is served pins
 *           it, so that a subscriber that needs pages of several feeds at once is not kept waiting for ever by others
 *           who need other ones. What nobody pins goes after a while, or when there are many.
 */
#ifndef BROKER_PAGE_CACHE_H
#define BROKER_PAGE_CACHE_H

#include "redis/page.h"
#include "tail.h"

#include <sys/queue.h>

/* What a cursor may miss without a word: it has been told, or was not asked for. Two kinds, because what is trimmed is
 * exact, and what may have expired moves on with the clock. */
struct known_loss {
    struct position trimmed; /* entries before this */
    struct position expired; /* what can have expired, or Redis had lost, when this was the newest position */
};

struct cached_page {
    TAILQ_ENTRY(cached_page) in_cache;
    struct tail
        entries; /* all that was kept after `after` and up to `until`; cursors from entries.since on miss nothing */
    struct position after;  /* where it begins */
    struct position until;  /* where it ends */
    struct position newest; /* the newest of all positions, when it was read */
    struct known_loss loss; /* what cursors before entries.since miss */
    unsigned pins;
    uint64_t used_ms;
};

/* A feed's cached pages, the newest first. */
TAILQ_HEAD(page_cache, cached_page);

/* The position from which on a page misses nothing: each cursor before it is to be judged by itself. */
struct position page_since(const struct page *page);
/* What a cursor before that misses. */
struct known_loss page_loss(const struct page *page);
/* Is what a page misses known to whoever has this cursor? */
bool known_loss_covers(const struct known_loss *known_loss, const struct known_loss *loss, struct position after);

/* Keep a page; shares its entries. NULL: no memory, it is not kept. */
struct cached_page *page_cache_add(struct page_cache *cache, const struct page *page, uint64_t now_ms);
/* The page that has what comes after `after`, for somebody who knows of this loss. */
struct cached_page *page_cache_find(const struct page_cache *cache, struct position after,
                                    const struct known_loss *known_loss);
/* Let go of what nobody pins and nobody used for a while. */
void page_cache_sweep(struct page_cache *cache, uint64_t now_ms);
/* No page is found any more; those that are pinned go when they are let go. */
void page_cache_invalidate(struct page_cache *cache);
/* Let go of everything, pinned or not. */
void page_cache_fini(struct page_cache *cache);

#endif
