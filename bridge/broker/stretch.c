/*
 * stretch.c - the shelf of one feed: a list, searched from its newest end; there are few, since whoever is behind reads
 * on from what others left, and a log is a few pages long.
 */
#include "stretch.h"

#include <stdlib.h>

#define UNPINNED_MAX 4
#define UNPINNED_MS 3000

struct excuse page_excuse(const struct page *page)
{
    const struct page_floor *floor = &page->floors[0];
    return (struct excuse){.trimmed = position_max(page->genesis, floor->trimmed),
                           .expired = position_max(page->lost, floor->expired)};
}

struct position page_since(const struct page *page)
{
    struct excuse excuse = page_excuse(page);
    return position_max(page->after, position_max(excuse.trimmed, excuse.expired));
}

bool excuse_covers(const struct excuse *excuse, const struct excuse *needs, struct position after)
{
    return position_compare(needs->trimmed, position_max(excuse->trimmed, after)) <= 0 &&
           position_compare(needs->expired, position_max(excuse->expired, after)) <= 0;
}

static void stretch_free(struct shelf *shelf, struct stretch *stretch)
{
    TAILQ_REMOVE(shelf, stretch, in_shelf);
    tail_fini(&stretch->entries);
    free(stretch);
}

static struct stretch *stretch_new(const struct page *page)
{
    struct stretch *stretch = calloc(1, sizeof *stretch);
    if (!stretch)
        return NULL;
    stretch->after = page->after;
    stretch->until = page->until;
    stretch->newest = page->newest;
    stretch->needs = page_excuse(page);
    tail_reset(&stretch->entries, page_since(page));
    for (unsigned i = 0; i < page->count; i++)
        if (!tail_push(&stretch->entries, page->entries[i], page->count, SIZE_MAX)) {
            tail_fini(&stretch->entries);
            free(stretch);
            return NULL;
        }
    return stretch;
}

struct stretch *shelf_keep(struct shelf *shelf, const struct page *page, uint64_t now_ms)
{
    struct stretch *kept = stretch_new(page), *stretch, *next;
    if (!kept)
        return NULL;
    kept->used_ms = now_ms;
    TAILQ_INSERT_HEAD(shelf, kept, in_shelf);

    unsigned unpinned = 0;
    for (stretch = kept; stretch; stretch = next) {
        next = TAILQ_NEXT(stretch, in_shelf);
        if (!stretch->pins && ++unpinned > UNPINNED_MAX)
            stretch_free(shelf, stretch);
    }
    return kept;
}

struct stretch *shelf_find(const struct shelf *shelf, struct position after, const struct excuse *excuse)
{
    struct stretch *stretch;
    TAILQ_FOREACH (stretch, shelf, in_shelf) {
        bool is_within = position_compare(after, stretch->after) >= 0 && position_compare(after, stretch->until) < 0;
        if (is_within && (position_is_begin(after) || excuse_covers(excuse, &stretch->needs, after)))
            return stretch;
    }
    return NULL;
}

void shelf_sweep(struct shelf *shelf, uint64_t now_ms)
{
    struct stretch *stretch, *next;
    for (stretch = TAILQ_FIRST(shelf); stretch; stretch = next) {
        next = TAILQ_NEXT(stretch, in_shelf);
        if (!stretch->pins && now_ms - stretch->used_ms > UNPINNED_MS)
            stretch_free(shelf, stretch);
    }
}

void shelf_void(struct shelf *shelf)
{
    struct stretch *stretch;
    TAILQ_FOREACH (stretch, shelf, in_shelf)
        stretch->until = stretch->after;
}

void shelf_fini(struct shelf *shelf)
{
    while (!TAILQ_EMPTY(shelf))
        stretch_free(shelf, TAILQ_FIRST(shelf));
}
