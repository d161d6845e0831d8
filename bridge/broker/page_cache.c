/*
 * page_cache.c - one feed's pages in a list, searched from the newest. The list is short, since clients that are behind
 * share pages, and a log is only a few pages long.
 */
#include "page_cache.h"

#include <stdlib.h>

#define UNPINNED_MAX 4
#define UNPINNED_MS 3000

struct log_view page_view(const struct page *page)
{
    const struct log_extent *extent = &page->extents[0];
    return (struct log_view){.extent = *extent,
                             .loss = {.trimmed = position_max(page->genesis, extent->trimmed),
                                      .expired = position_max(page->lost, extent->expired)},
                             .newest = page->newest};
}

struct position page_since(const struct page *page)
{
    struct known_loss loss = page_view(page).loss;
    return position_max(page->after, position_max(loss.trimmed, loss.expired));
}

bool known_loss_covers(const struct known_loss *known_loss, const struct known_loss *loss, struct position after)
{
    return position_compare(loss->trimmed, position_max(known_loss->trimmed, after)) <= 0 &&
           position_compare(loss->expired, position_max(known_loss->expired, after)) <= 0;
}

static void page_cache_page_free(struct page_cache *cache, struct cached_page *cached)
{
    TAILQ_REMOVE(cache, cached, in_cache);
    tail_fini(&cached->entries);
    free(cached);
}

static struct cached_page *page_cache_page_new(const struct page *page)
{
    struct cached_page *cached = calloc(1, sizeof *cached);
    if (!cached)
        return NULL;
    cached->after = page->after;
    cached->until = page->until;
    cached->view = page_view(page);
    tail_reset(&cached->entries, page_since(page));
    for (unsigned i = 0; i < page->count; i++)
        if (!tail_push(&cached->entries, page->entries[i], page->count, SIZE_MAX)) {
            tail_fini(&cached->entries);
            free(cached);
            return NULL;
        }
    return cached;
}

struct cached_page *page_cache_add(struct page_cache *cache, const struct page *page, uint64_t now_ms)
{
    struct cached_page *kept = page_cache_page_new(page), *cached, *next;
    if (!kept)
        return NULL;
    kept->used_ms = now_ms;
    TAILQ_INSERT_HEAD(cache, kept, in_cache);

    unsigned unpinned = 0;
    for (cached = kept; cached; cached = next) {
        next = TAILQ_NEXT(cached, in_cache);
        if (!cached->pins && ++unpinned > UNPINNED_MAX)
            page_cache_page_free(cache, cached);
    }
    return kept;
}

struct cached_page *page_cache_find(const struct page_cache *cache, struct position after,
                                    const struct known_loss *known_loss)
{
    struct cached_page *cached;
    TAILQ_FOREACH (cached, cache, in_cache) {
        bool is_within = position_compare(after, cached->after) >= 0 && position_compare(after, cached->until) < 0;
        if (is_within && (position_is_begin(after) || known_loss_covers(known_loss, &cached->view.loss, after)))
            return cached;
    }
    return NULL;
}

void page_cache_sweep(struct page_cache *cache, uint64_t now_ms)
{
    struct cached_page *cached, *next;
    for (cached = TAILQ_FIRST(cache); cached; cached = next) {
        next = TAILQ_NEXT(cached, in_cache);
        if (!cached->pins && now_ms - cached->used_ms > UNPINNED_MS)
            page_cache_page_free(cache, cached);
    }
}

void page_cache_invalidate(struct page_cache *cache)
{
    struct cached_page *cached;
    TAILQ_FOREACH (cached, cache, in_cache)
        cached->until = cached->after;
}

void page_cache_fini(struct page_cache *cache)
{
    while (!TAILQ_EMPTY(cache))
        page_cache_page_free(cache, TAILQ_FIRST(cache));
}
