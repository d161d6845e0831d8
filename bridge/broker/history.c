/*
 * history.c - one page from each shard that has any of the names, merged by position.
 */
#include "broker/history.h"

#include "answer.h"
#include "gap.h"
#include "redis/page.h"
#include "shard.h"
#include "words/glob.h"
#include "words/keyslot.h"

#include <stdlib.h>
#include <string.h>

/* What is asked of one shard, and what it answered. */
struct history_part {
    struct inquiry *inquiry;
    struct shard *shard;
    unsigned count;        /* of names; 0: this shard is not asked */
    struct bytes *names;   /* into inquiry.names_of_parts */
    struct position until; /* the answer covers it up to here; if its start was ahead of it, the beginning */
    struct position given; /* for history_cut(): its last entry so far */
    bool has_more_here;    /* it brought entries that do not fit into the answer */
    bool has_more;         /* its log has more */
    bool has_come;
    bool is_exact; /* its start is a place of this very shard */
};

/* A request under way. Owns a copy of the names, and the entries and gaps that have come. */
struct inquiry {
    struct broker *broker;
    history_fn fn;
    void *arg;
    uint64_t ticket;
    unsigned limit;
    unsigned newest; /* at most this many, the newest; 0: no such limit */
    unsigned left;   /* parts that have not been answered yet */
    enum answer answer;
    struct bytes *names; /* of all parts, one part after the other */
    char *bytes;         /* of the names */
    unsigned entry_count;
    struct entry **entries;
    unsigned gap_count;
    struct gap *gaps;
    struct history_part parts[];
};

static void history_on_page(void *arg, uint64_t ticket, struct reply reply, const struct page *page);

/* --- the question ------------------------------------------------------------------------------------------------- */

static bool history_is_of(const struct inquiry *inquiry, struct bytes name, unsigned shard)
{
    unsigned count = inquiry->broker->config.shard_count;
    return count == 1 || glob_is_pattern(name.data, name.len) || keyslot_shard(name, count) == shard;
}

/* Copy the names, and deal them to the shards. */
static void history_deal(struct inquiry *inquiry, const struct bytes *names, unsigned count)
{
    unsigned shards = inquiry->broker->config.shard_count;
    size_t total = 1;
    for (unsigned i = 0; i < count; i++)
        total += names[i].len;
    inquiry->bytes = malloc(total);
    inquiry->names = calloc((size_t)count * shards + 1, sizeof *inquiry->names);
    CHECK(inquiry->bytes && inquiry->names);
    struct bytes *next = inquiry->names;
    for (unsigned shard = 0; shard < shards; shard++) {
        struct history_part *part = &inquiry->parts[shard];
        char *at = inquiry->bytes;
        *part = (struct history_part){.inquiry = inquiry, .shard = &inquiry->broker->shards[shard], .names = next};
        for (unsigned i = 0; i < count; i++) {
            memcpy(at, names[i].data, names[i].len);
            if (history_is_of(inquiry, names[i], shard))
                part->names[part->count++] = (struct bytes){at, names[i].len};
            at += names[i].len;
        }
        next += part->count;
        inquiry->left += part->count > 0;
    }
}

static void history_read(struct history_part *part, struct position after)
{
    caller_read(part->shard->caller, part->names, part->count, after, part->inquiry->limit, history_on_page, part, 0);
}

static void history_part_failed(struct history_part *part, struct reply reply);

static void history_on_newest(void *arg, uint64_t ticket, struct reply reply, struct position position)
{
    struct history_part *part = arg;
    (void)ticket;
    if (reply.status == REPLY_OK && !part->inquiry->broker->is_freeing)
        history_read(part, position);
    else
        history_part_failed(part, reply);
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static int history_compare(const void *a, const void *b)
{
    return position_compare((*(struct entry *const *)a)->position, (*(struct entry *const *)b)->position);
}

/* Each shard has brought its own newest entries: drop those that are not among the newest of all shards. If some shard
 * has more than it brought, the newest are not known: keep everything. */
static void history_keep_newest(struct inquiry *inquiry)
{
    if (inquiry->newest == 0 || inquiry->entry_count <= inquiry->newest)
        return;
    unsigned older = inquiry->entry_count - inquiry->newest;
    for (unsigned i = 0; i < inquiry->broker->config.shard_count; i++)
        if (inquiry->parts[i].has_more)
            return;
    for (unsigned i = 0; i < older; i++)
        entry_unref(inquiry->entries[i]);
    inquiry->entry_count = inquiry->newest;
    memmove(inquiry->entries, inquiry->entries + older, inquiry->newest * sizeof *inquiry->entries);
}

/* Only the first `count` entries are given: find up to where each part is. */
static void history_cut(struct inquiry *inquiry, unsigned count)
{
    unsigned shards = inquiry->broker->config.shard_count;
    for (unsigned i = 0; i < inquiry->entry_count; i++) {
        const struct entry *entry = inquiry->entries[i];
        struct history_part *part =
            &inquiry->parts[keyslot_shard((struct bytes){entry->channel, entry->channel_len}, shards)];
        if (i >= count && !part->has_more_here)
            part->until = part->given;
        part->has_more_here = part->has_more_here || i >= count;
        part->given = entry->position;
    }
}

static void history_compose(const struct inquiry *inquiry, struct cursor *out)
{
    unsigned shards = inquiry->broker->config.shard_count;
    bool has_base = false;
    cursor_init(out, POSITION_BEGIN);
    for (unsigned i = 0; i < shards; i++)
        if (inquiry->parts[i].has_come) {
            struct position until = inquiry->parts[i].until;
            out->base = has_base ? position_min(out->base, until) : until;
            has_base = true;
        }
    cursor_use_layout(out, inquiry->broker->config.layout);
    for (unsigned i = 0; i < shards; i++)
        if (inquiry->parts[i].has_come)
            cursor_advance(out, i, inquiry->parts[i].until);
}

static void history_fill(struct inquiry *inquiry, struct history *history)
{
    if (inquiry->broker->config.shard_count > 1 && inquiry->entry_count > 0) {
        qsort(inquiry->entries, inquiry->entry_count, sizeof *inquiry->entries, history_compare);
        history_keep_newest(inquiry);
    }
    unsigned count = inquiry->entry_count < inquiry->limit ? inquiry->entry_count : inquiry->limit;
    history->count = count;
    history->entries = inquiry->entries;
    history->has_more = count < inquiry->entry_count;
    for (unsigned i = 0; i < inquiry->broker->config.shard_count; i++)
        history->has_more = history->has_more || inquiry->parts[i].has_more;
    if (count < inquiry->entry_count)
        history_cut(inquiry, count);
    history_compose(inquiry, &history->cursor);
    for (unsigned i = 0; i < inquiry->gap_count; i++)
        inquiry->gaps[i].cursor = &history->cursor;
    history->gap_count = inquiry->gap_count;
    history->gaps = inquiry->gaps;
}

static void history_free(struct inquiry *inquiry)
{
    for (unsigned i = 0; i < inquiry->entry_count; i++)
        entry_unref(inquiry->entries[i]);
    free(inquiry->entries);
    free(inquiry->gaps);
    free(inquiry->names);
    free(inquiry->bytes);
    free(inquiry);
}

/* One part has been answered or has failed; after the last one, call back. */
static void history_part_done(struct inquiry *inquiry)
{
    struct history history;
    if (--inquiry->left > 0)
        return;
    bool is_good = inquiry->answer == ANSWER_OK;
    if (is_good)
        history_fill(inquiry, &history);
    if (!inquiry->broker->is_freeing)
        inquiry->fn(inquiry->arg, inquiry->ticket, inquiry->answer, is_good ? &history : NULL);
    history_free(inquiry);
}

static void history_part_failed(struct history_part *part, struct reply reply)
{
    struct inquiry *inquiry = part->inquiry;
    if (reply.status == REPLY_ERROR)
        complaint_hear(&inquiry->broker->refused, "history_refused", reply.text);
    inquiry->answer = reply.status == REPLY_OK ? ANSWER_REFUSED : answer_of(reply); /* OK, but of the wrong form */
    history_part_done(inquiry);
}

static void history_add_gaps(struct history_part *part, const struct page *page)
{
    struct inquiry *inquiry = part->inquiry;
    inquiry->gaps = realloc(inquiry->gaps, (inquiry->gap_count + part->count) * sizeof *inquiry->gaps);
    CHECK(inquiry->gaps);
    for (unsigned i = 0; i < part->count; i++) {
        const struct log_extent *extent = &page->extents[i];
        enum gap_reason reason;
        if (gap_is_absent(page, extent, page->after, &reason))
            continue;
        if (reason == GAP_AHEAD && !part->is_exact && shard_is_moment(page->after)) {
            part->until = page->newest; /* no loss: this shard's clock or last entry is behind the others' */
            continue;
        }
        if (reason == GAP_AHEAD)
            part->until = POSITION_BEGIN;
        inquiry->gaps[inquiry->gap_count++] = (struct gap){.channel = part->names[i],
                                                           .after = page->after,
                                                           .has_oldest = extent->has_log,
                                                           .oldest = extent->oldest,
                                                           .reason = reason};
    }
}

static void history_add_entries(struct inquiry *inquiry, const struct page *page)
{
    if (page->count == 0)
        return;
    inquiry->entries = realloc(inquiry->entries, (inquiry->entry_count + page->count) * sizeof *inquiry->entries);
    CHECK(inquiry->entries);
    for (unsigned i = 0; i < page->count; i++)
        inquiry->entries[inquiry->entry_count++] = entry_ref(page->entries[i]);
}

static void history_on_page(void *arg, uint64_t ticket, struct reply reply, const struct page *page)
{
    struct history_part *part = arg;
    (void)ticket;
    if (reply.status != REPLY_OK || page->extent_count != part->count) {
        history_part_failed(part, reply);
        return;
    }
    part->has_come = true;
    part->until = page->until;
    part->given = page->after;
    part->has_more = page->has_more;
    history_add_entries(part->inquiry, page);
    history_add_gaps(part, page);
    history_part_done(part->inquiry);
}

/* --- the public function ------------------------------------------------------------------------------------------ */

static void history_ask(struct history_part *part, const struct start *start)
{
    part->is_exact = true;
    if (start->kind == START_NEWEST)
        caller_newest(part->shard->caller, part->names, part->count, start->count, history_on_newest, part, 0);
    else if (start->kind == START_NOW)
        history_read(part, POSITION_BEGIN);
    else
        history_read(part, shard_place(part->shard, start->after, &part->is_exact));
}

void broker_history(struct broker *broker, const struct bytes *names, unsigned count, const struct start *start,
                    unsigned limit, history_fn fn, void *arg, uint64_t ticket)
{
    unsigned shards = broker->config.shard_count;
    struct inquiry *inquiry = calloc(1, sizeof *inquiry + shards * sizeof *inquiry->parts);
    CHECK(inquiry && count > 0);
    inquiry->broker = broker;
    inquiry->fn = fn;
    inquiry->arg = arg;
    inquiry->ticket = ticket;
    inquiry->limit = limit;
    inquiry->newest = start->kind == START_NEWEST ? start->count : 0;
    inquiry->answer = ANSWER_OK;
    history_deal(inquiry, names, count);
    for (unsigned i = 0; i < shards; i++)
        if (inquiry->parts[i].count > 0)
            history_ask(&inquiry->parts[i], start);
}
