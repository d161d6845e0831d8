/*
 * page_cache.h - pages read from a feed's log, kept in memory while clients read on from them.
 *
 * Story     Clients that are behind the tail read pages; a page serves every client whose cursor is within it. A client
 *           that is served pins its page, so that one that needs pages of several feeds at once can't be starved by
 *           clients that need other pages. Unpinned pages are freed after a while, or when there are many.
 */
#ifndef BROKER_PAGE_CACHE_H
#define BROKER_PAGE_CACHE_H

#include "redis/page.h"
#include "tail.h"

#include <sys/queue.h>

/* What may be missing without a gap event: the client has been told of it, or did not ask for it. There are two kinds,
 * because what was trimmed is known exactly, while what may have expired moves on with the clock. */
struct known_loss {
    struct position trimmed; /* entries up to this were trimmed, or are of an earlier keyspace */
    struct position expired; /* entries up to this may have expired, or been lost by Redis */
};

/* What a page tells of the whole log. */
struct log_view {
    struct log_extent extent;
    struct known_loss loss; /* what a cursor from before the page may miss */
    struct position newest; /* the newest of all positions when the page was read */
};

struct cached_page {
    TAILQ_ENTRY(cached_page) in_cache;
    struct tail entries;   /* all that are kept from `after` to `until`; cursors before entries.since may miss some */
    struct position after; /* where the page begins */
    struct position until; /* where the page ends */
    struct log_view view;
    unsigned pins;
    uint64_t used_ms;
};

/* A feed's cached pages, the newest first. */
TAILQ_HEAD(page_cache, cached_page);

/* From this position on a page misses nothing; each cursor before it has to be checked on its own. */
struct position page_since(const struct page *page);
struct log_view page_view(const struct page *page);
/* Is `loss` nothing new to a cursor at `after` with this `known_loss`? */
bool known_loss_covers(const struct known_loss *known_loss, const struct known_loss *loss, struct position after);

/* Keep a page; shares its entries. The cache owns what comes back. NULL: no memory, the page is not kept. */
struct cached_page *page_cache_add(struct page_cache *cache, const struct page *page, uint64_t now_ms);
/* The page with the entries after `after`, for a client that knows of this loss. NULL: there is none. */
struct cached_page *page_cache_find(const struct page_cache *cache, struct position after,
                                    const struct known_loss *known_loss);
/* Free pages that are unpinned and have not been used for a while. */
void page_cache_sweep(struct page_cache *cache, uint64_t now_ms);
/* Make page_cache_find() ignore the pages kept so far. Those that are pinned stay until they are unpinned. */
void page_cache_invalidate(struct page_cache *cache);
/* Free all pages, pinned or not. */
void page_cache_fini(struct page_cache *cache);

#endif
