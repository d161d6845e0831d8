/*
 * page.c - calls the library's functions read and newest. What read returns:
 *
 *   {newest, genesis, until, more, {has, oldest, trimmed, expired, missed, …}, {{position, channel, p, e, f, d}, …},
 *    lost}
 */
#include "redis/page.h"

#include "answer.h"
#include "request.h"
#include "words/glob.h"

#include <stdlib.h>
#include <string.h>

#define EXTENT_VALUES 5
#define PAGE_BYTES "262144" /* of payload in one page, at most (or one entry) */

/* --- asking ------------------------------------------------------------------------------------------------------- */

/* Call it with `head` and then the names, each marked for the library: 'c' and a channel, or 'p' and a pattern. */
static void page_call(struct request *request, const char *function, const struct bytes *head, unsigned heads,
                      const struct bytes *names, unsigned count)
{
    size_t total = 1;
    for (unsigned i = 0; i < count; i++)
        total += names[i].len + 1;
    struct bytes *args = malloc((heads + count) * sizeof *args);
    char *marked = malloc(total), *at = marked;
    CHECK(args && marked);
    memcpy(args, head, heads * sizeof *args);
    for (unsigned i = 0; i < count; i++) {
        args[heads + i] = (struct bytes){at, names[i].len + 1};
        *at++ = glob_is_pattern(names[i].data, names[i].len) ? 'p' : 'c';
        memcpy(at, names[i].data, names[i].len);
        at += names[i].len;
    }
    request_call(request, function, args, heads + count);
    free(marked);
    free(args);
}

void caller_newest(struct caller *caller, const struct bytes *names, unsigned count, unsigned newest,
                   caller_position_fn fn, void *arg, uint64_t ticket)
{
    char number[REQUEST_NUMBER_MAX];
    struct bytes head[] = {request_number(number, newest)};
    page_call(request_new(caller, request_decode_position, (request_fn)fn, arg, ticket), "newest", head, 1, names,
              count);
}

/* --- decoding ----------------------------------------------------------------------------------------------------- */

static struct entry *page_entry(const redisReply *raw)
{
    redisReply *const *part = answer_list(raw, 6);
    struct entry_source source;
    bool is_whole = part && answer_position(part[0], &source.position) && answer_bytes(part[1], &source.channel) &&
                    answer_position(part[2], &source.previous) && answer_bytes(part[3], &source.event) &&
                    answer_bytes(part[4], &source.from) && answer_bytes(part[5], &source.payload);
    return is_whole ? entry_new(&source) : NULL;
}

static bool page_extents(struct page *page, const redisReply *raw)
{
    if (raw->type != REDIS_REPLY_ARRAY || raw->elements % EXTENT_VALUES != 0)
        return false;
    page->extent_count = (unsigned)(raw->elements / EXTENT_VALUES);
    page->extents = calloc(page->extent_count ? page->extent_count : 1, sizeof *page->extents);
    if (!page->extents)
        return false;
    for (unsigned i = 0; i < page->extent_count; i++) {
        redisReply *const *part = raw->element + EXTENT_VALUES * (size_t)i;
        struct log_extent *extent = &page->extents[i];
        extent->has_log = answer_flag(part[0]);
        if (!answer_position(part[1], &extent->oldest) || !answer_position(part[2], &extent->trimmed) ||
            !answer_position(part[3], &extent->expired) || !answer_position(part[4], &extent->missed))
            return false;
    }
    return true;
}

static bool page_entries(struct page *page, const redisReply *raw)
{
    if (raw->type != REDIS_REPLY_ARRAY)
        return false;
    page->entries = calloc(raw->elements ? raw->elements : 1, sizeof *page->entries);
    if (!page->entries)
        return false;
    for (size_t i = 0; i < raw->elements; i++) {
        struct entry *entry = page_entry(raw->element[i]);
        if (!entry)
            return false;
        page->entries[page->count++] = entry;
    }
    return true;
}

static void page_fini(struct page *page)
{
    for (unsigned i = 0; i < page->count; i++)
        entry_unref(page->entries[i]);
    free(page->entries);
    free(page->extents);
    *page = (struct page){0};
}

/* The page then owns its entries and extents. false: no memory, or not a reply of read(); the page is empty. */
static bool page_decode(struct page *page, struct position after, const redisReply *raw)
{
    redisReply *const *part = answer_list(raw, 7);
    *page = (struct page){.after = after};
    if (part && answer_position(part[0], &page->newest) && answer_position(part[1], &page->genesis) &&
        answer_position(part[2], &page->until) && page_extents(page, part[4]) && page_entries(page, part[5]) &&
        answer_position(part[6], &page->lost)) {
        page->has_more = answer_flag(part[3]);
        return true;
    }
    page_fini(page);
    return false;
}

static void page_decode_read(struct request *request, struct reply reply, const redisReply *raw)
{
    struct page page = {0};
    if (reply.status == REPLY_OK && !page_decode(&page, request->after, raw))
        reply = answer_malformed();
    ((caller_page_fn)request->fn)(request->arg, request->ticket, reply, &page);
    page_fini(&page);
}

void caller_read(struct caller *caller, const struct bytes *names, unsigned count, struct position after,
                 unsigned limit, caller_page_fn fn, void *arg, uint64_t ticket)
{
    struct request *request = request_new(caller, page_decode_read, (request_fn)fn, arg, ticket);
    char number[REQUEST_NUMBER_MAX];
    struct bytes head[] = {bytes_of(POSITION_TEXT(after)), request_number(number, limit), BYTES(PAGE_BYTES)};
    request->after = after;
    page_call(request, "read", head, 3, names, count);
}
