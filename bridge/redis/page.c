/*
 * page.c - {newest, genesis, until, more, {has, oldest, trimmed, expired}…, {position, channel, p, e, f, d}…, lost}
 */
#include "page.h"

#include <stdlib.h>

static bool page_position(const redisReply *reply, struct position *out)
{
    return reply->type == REDIS_REPLY_STRING && position_parse((struct bytes){reply->str, reply->len}, out);
}

static bool page_flag(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING && reply->len == 1 && reply->str[0] == '1';
}

static struct entry *page_entry(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 6)
        return NULL;
    redisReply *const *part = reply->element;
    for (int i = 0; i < 6; i++)
        if (part[i]->type != REDIS_REPLY_STRING)
            return NULL;
    struct entry_source source = {
        .channel = part[1]->str,
        .channel_len = part[1]->len,
        .event = part[3]->str,
        .event_len = part[3]->len,
        .from = part[4]->str,
        .from_len = part[4]->len,
        .payload = part[5]->str,
        .payload_len = part[5]->len,
    };
    if (!page_position(part[0], &source.position) || !page_position(part[2], &source.previous))
        return NULL;
    return entry_new(&source);
}

static bool page_extents(struct page *page, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements % 4 != 0)
        return false;
    page->extent_count = (unsigned)(reply->elements / 4);
    page->extents = calloc(page->extent_count ? page->extent_count : 1, sizeof *page->extents);
    if (!page->extents)
        return false;
    for (unsigned i = 0; i < page->extent_count; i++) {
        redisReply *const *part = reply->element + 4 * (size_t)i;
        struct log_extent *extent = &page->extents[i];
        extent->has_log = page_flag(part[0]);
        if (!page_position(part[1], &extent->oldest) || !page_position(part[2], &extent->trimmed) ||
            !page_position(part[3], &extent->expired))
            return false;
    }
    return true;
}

static bool page_entries(struct page *page, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY)
        return false;
    page->entries = calloc(reply->elements ? reply->elements : 1, sizeof *page->entries);
    if (!page->entries)
        return false;
    for (size_t i = 0; i < reply->elements; i++) {
        struct entry *entry = page_entry(reply->element[i]);
        if (!entry)
            return false;
        page->entries[page->count++] = entry;
    }
    return true;
}

bool page_decode(struct page *page, struct position after, const redisReply *reply)
{
    *page = (struct page){.after = after};
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 7)
        return false;
    redisReply *const *part = reply->element;
    if (page_position(part[6], &page->lost) && page_position(part[0], &page->newest) &&
        page_position(part[1], &page->genesis) && page_position(part[2], &page->until) && page_extents(page, part[4]) &&
        page_entries(page, part[5])) {
        page->has_more = page_flag(part[3]);
        return true;
    }
    page_fini(page);
    return false;
}

void page_fini(struct page *page)
{
    for (unsigned i = 0; i < page->count; i++)
        entry_unref(page->entries[i]);
    free(page->entries);
    free(page->extents);
    *page = (struct page){0};
}
