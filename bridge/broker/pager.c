/*
 * pager.c - a list of waiting clients, at most one read under way, a few pages in memory.
 */
#include "pager.h"

#include "base/clock.h"
#include "redis/page.h"
#include "shard.h"

#define PAGE_ENTRIES 256

static void pager_want(struct pager *pager)
{
    if (pager->is_wanted)
        return;
    pager->is_wanted = true;
    TAILQ_INSERT_TAIL(&pager->shard->broker->wanted, pager, in_wanted);
}

static void pager_want_not(struct pager *pager)
{
    if (pager->is_wanted)
        TAILQ_REMOVE(&pager->shard->broker->wanted, pager, in_wanted);
    pager->is_wanted = false;
}

/* --- waiting clients ---------------------------------------------------------------------------------------------- */

static void pager_wait(struct pager *pager, struct pager_client *client, struct position after)
{
    client->after = after;
    if (client->state == PAGER_IDLE) {
        client->state = PAGER_WANTED;
        TAILQ_INSERT_TAIL(&pager->waiting, client, in_waiting);
    }
    pager_want(pager);
}

static void pager_wait_not(struct pager *pager, struct pager_client *client)
{
    if (client->state != PAGER_IDLE)
        TAILQ_REMOVE(&pager->waiting, client, in_waiting);
    client->state = PAGER_IDLE;
}

/* Pin this page for the client instead of its last one; NULL: none. A pinned page stays in memory. */
static void pager_pin(struct pager_client *client, struct cached_page *page)
{
    if (page)
        page->pins++;
    if (client->pinned)
        client->pinned->pins--;
    client->pinned = page;
}

void pager_unpin(struct pager_client *client)
{
    pager_pin(client, NULL);
}

void pager_dismiss(struct pager *pager, struct pager_client *client)
{
    pager_wait_not(pager, client);
    pager_pin(client, NULL);
}

void pager_begin_anew(struct pager *pager, struct pager_client *client, struct position after, enum gap_reason reason)
{
    pager_dismiss(pager, client);
    client->is_void = !client->has_loss;
    client->void_after = after;
    client->void_reason = reason;
}

/* --- what a page means to a client -------------------------------------------------------------------------------- */

/* What the page shows to be gone, the client knows from now on. */
static void pager_know(struct pager_client *client, const struct log_view *view)
{
    client->is_served = true;
    client->known_loss = (struct known_loss){view->loss.trimmed, view->newest};
}

static void pager_lose_entries(struct pager_client *client, struct position after, enum gap_reason reason,
                               const struct log_view *view)
{
    const struct log_extent *extent = &view->extent;
    pager_know(client, view);
    client->has_loss = true;
    client->loss =
        (struct loss){.after = after, .oldest = extent->oldest, .reason = reason, .has_oldest = extent->has_log};
}

/* Its place was void: that is what it is told, whatever it misses from the beginning on. */
static bool pager_tells_void(struct pager_client *client, const struct log_view *view)
{
    if (!client->is_void)
        return false;
    client->is_void = false;
    pager_lose_entries(client, client->void_after, client->void_reason, view);
    return true;
}

/* Is this the first page of a client that asks for what is kept, or for the newest of it? */
static bool pager_begins_kept(const struct pager_client *client, struct position after)
{
    return !client->is_served && (client->wants_kept || position_is_begin(after));
}

/* Such a client is told of entries that are known to have been, not of those that may have been. Does it miss any? */
static bool pager_misses_kept(struct pager_client *client, struct position after, const struct log_view *view,
                              enum gap_reason *reason)
{
    pager_know(client, view);
    return position_is_begin(after) && !gap_is_absent_from_begin(&view->extent, reason);
}

/* Does the client miss something that it asked for and has not been told of? */
static bool pager_misses(const struct page *page, const struct log_view *view, struct pager_client *client,
                         enum gap_reason *reason)
{
    if (pager_begins_kept(client, client->after))
        return pager_misses_kept(client, client->after, view, reason);
    client->is_served = true;
    return !gap_is_absent(page, &view->extent, client->after, reason) &&
           (*reason == GAP_AHEAD || !known_loss_covers(&client->known_loss, &view->loss, client->after));
}

/* Tell a client that waited for this page what it means; `cached` is the copy to pin, or NULL. */
static void pager_serve(struct pager *pager, const struct page *page, struct cached_page *cached,
                        struct pager_client *client)
{
    struct log_view view = page_view(page);
    enum gap_reason reason;
    pager_wait_not(pager, client);
    bool is_told = pager_tells_void(client, &view);
    if (!is_told && pager_misses(page, &view, client, &reason)) {
        pager_lose_entries(client, client->after, reason, &view);
        is_told = true;
    }
    if (is_told)
        pager->ops->on_page(client, PAGER_MISSES, view.newest);
    else if (pager->ops->on_page(client, PAGER_GOES_ON, view.newest))
        pager_pin(client, cached);
}

bool pager_take_loss(struct pager_client *client, struct loss *loss)
{
    if (!client->has_loss)
        return false;
    client->has_loss = false;
    *loss = client->loss;
    return true;
}

static void pager_on_page(void *arg, uint64_t ticket, struct reply reply, const struct page *page)
{
    struct broker *broker = arg;
    struct pager *pager;
    HASH_FIND(by_ticket, broker->pagers, &ticket, sizeof ticket, pager);
    if (!pager)
        return;
    pager->is_reading = false;
    if (reply.status != REPLY_OK || page->extent_count != 1)
        return; /* pager_sweep asks again */
    broker->counters.pages_read++;
    struct cached_page *cached = page_cache_add(&pager->pages, page, clock_now_ms());
    struct pager_client *client, *next;
    for (client = TAILQ_FIRST(&pager->waiting); client; client = next) {
        next = TAILQ_NEXT(client, in_waiting);
        /* A client that came after the read was sent may know of newer positions than the page. */
        bool is_within = position_compare(client->after, page->after) >= 0 &&
                         (client->state == PAGER_ASKED || position_compare(client->after, page->newest) <= 0);
        client->state = PAGER_WANTED;
        if (is_within)
            pager_serve(pager, page, cached, client);
        else
            pager_want(pager);
    }
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

enum pager_answer pager_ask(struct pager *pager, struct pager_client *client, struct position after, struct run *run,
                            struct position *until)
{
    if (client->has_loss)
        return PAGER_GAP;
    struct cached_page *page = page_cache_find(&pager->pages, after, &client->known_loss);
    pager_pin(client, page);
    if (!page) {
        pager_wait(pager, client, after);
        return PAGER_WAIT;
    }
    pager_wait_not(pager, client);
    page->used_ms = pager->shard->broker->turn_ms;
    if (pager_tells_void(client, &page->view))
        return PAGER_GAP;
    enum gap_reason reason;
    if (pager_begins_kept(client, after) && pager_misses_kept(client, after, &page->view, &reason)) {
        pager_lose_entries(client, after, reason, &page->view);
        return PAGER_GAP;
    }
    client->is_served = true;
    *run = (struct run){&page->entries, tail_after(&page->entries, after)};
    *until = page->until;
    return PAGER_ENTRIES;
}

void pager_read(struct pager *pager)
{
    struct broker *broker = pager->shard->broker;
    pager_want_not(pager);
    if (pager->is_reading || TAILQ_EMPTY(&pager->waiting))
        return;
    struct position after = TAILQ_FIRST(&pager->waiting)->after;
    struct pager_client *client;
    TAILQ_FOREACH (client, &pager->waiting, in_waiting) {
        after = position_min(after, client->after);
        client->state = PAGER_ASKED;
    }
    pager->is_reading = true;
    caller_read(pager->shard->caller, &pager->name, 1, after, PAGE_ENTRIES, pager_on_page, broker, pager->ticket);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

void pager_keep(struct pager *pager, const struct page *page)
{
    page_cache_add(&pager->pages, page, clock_now_ms());
}

void pager_forget(struct pager *pager)
{
    page_cache_invalidate(&pager->pages);
}

void pager_lose(struct pager *pager)
{
    struct broker *broker = pager->shard->broker;
    HASH_DELETE(by_ticket, broker->pagers, pager);
    pager->ticket = ++broker->last_ticket;
    HASH_ADD(by_ticket, broker->pagers, ticket, sizeof pager->ticket, pager);
    pager->is_reading = false;
}

bool pager_sweep(struct pager *pager, uint64_t now_ms)
{
    page_cache_sweep(&pager->pages, now_ms);
    if (!TAILQ_EMPTY(&pager->waiting) && !pager->is_reading)
        pager_want(pager);
    return TAILQ_EMPTY(&pager->waiting) && TAILQ_EMPTY(&pager->pages) && !pager->is_reading;
}

void pager_init(struct pager *pager, struct shard *shard, struct bytes name, const struct pager_ops *ops)
{
    struct broker *broker = shard->broker;
    *pager = (struct pager){.shard = shard, .name = name, .ops = ops, .ticket = ++broker->last_ticket};
    TAILQ_INIT(&pager->waiting);
    TAILQ_INIT(&pager->pages);
    HASH_ADD(by_ticket, broker->pagers, ticket, sizeof pager->ticket, pager);
}

void pager_fini(struct pager *pager)
{
    pager_want_not(pager);
    HASH_DELETE(by_ticket, pager->shard->broker->pagers, pager);
    page_cache_fini(&pager->pages);
}
