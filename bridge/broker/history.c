/*
 * history.c - entries for whoever asks once: a page of the log, without a subscriber.
 */
#include "gap.h"
#include "hub.h"

#include <stdlib.h>
#include <string.h>

/* A question under way; owns a copy of the names. */
struct inquiry {
    struct broker *broker;
    history_fn fn;
    void *arg;
    uint64_t ticket;
    unsigned limit, count;
    struct bytes *names;
    char *bytes;
};

static struct inquiry *history_inquiry_new(const struct bytes *names, unsigned count)
{
    size_t total = 0;
    for (unsigned i = 0; i < count; i++)
        total += names[i].len + 1;
    struct inquiry *inquiry = calloc(1, sizeof *inquiry);
    CHECK(inquiry);
    inquiry->names = calloc(count ? count : 1, sizeof *inquiry->names);
    inquiry->bytes = malloc(total ? total : 1);
    CHECK(inquiry->names && inquiry->bytes);
    char *at = inquiry->bytes;
    for (unsigned i = 0; i < count; i++) {
        memcpy(at, names[i].data, names[i].len);
        at[names[i].len] = '\0';
        inquiry->names[i] = (struct bytes){at, names[i].len};
        at += names[i].len + 1;
    }
    inquiry->count = count;
    return inquiry;
}

static void history_inquiry_answer(struct inquiry *inquiry, struct reply reply, const struct history *history)
{
    if (!inquiry->broker->is_freeing)
        inquiry->fn(inquiry->arg, inquiry->ticket, broker_answer(reply), history, reply.text);
    free(inquiry->names);
    free(inquiry->bytes);
    free(inquiry);
}

static void history_inquiry_on_page(void *arg, uint64_t ticket, struct reply reply, const struct page *page)
{
    struct inquiry *inquiry = arg;
    (void)ticket;
    if (reply.status != REPLY_OK || page->extent_count != inquiry->count) {
        history_inquiry_answer(inquiry, reply, NULL);
        return;
    }
    struct history history = {
        .count = page->count, .entries = page->entries, .cursor = page->until, .has_more = page->has_more};
    struct gap *gaps = calloc(inquiry->count ? inquiry->count : 1, sizeof *gaps);
    CHECK(gaps);
    for (unsigned i = 0; i < inquiry->count; i++) {
        const struct log_extent *extent = &page->extents[i];
        enum gap_reason reason;
        if (gap_is_absent(page, extent, page->after, &reason))
            continue;
        if (reason == GAP_AHEAD)
            history.cursor = POSITION_BEGIN;
        gaps[history.gap_count++] = (struct gap){.channel = inquiry->names[i],
                                                 .after = page->after,
                                                 .has_oldest = extent->has_log,
                                                 .oldest = extent->oldest,
                                                 .reason = reason,
                                                 .cursor = history.cursor};
    }
    history.gaps = gaps;
    history_inquiry_answer(inquiry, reply, &history);
    free(gaps);
}

static void history_inquiry_read(struct inquiry *inquiry, struct position after)
{
    caller_read(inquiry->broker->caller, inquiry->names, inquiry->count, after, inquiry->limit, history_inquiry_on_page,
                inquiry, 0);
}

static void history_inquiry_on_newest(void *arg, uint64_t ticket, struct reply reply, struct position position)
{
    struct inquiry *inquiry = arg;
    (void)ticket;
    if (reply.status == REPLY_OK && !inquiry->broker->is_freeing)
        history_inquiry_read(inquiry, position);
    else
        history_inquiry_answer(inquiry, reply, NULL);
}

void broker_history(struct broker *broker, const struct bytes *names, unsigned count, const struct start *start,
                    unsigned limit, history_fn fn, void *arg, uint64_t ticket)
{
    struct inquiry *inquiry = history_inquiry_new(names, count);
    inquiry->broker = broker;
    inquiry->fn = fn;
    inquiry->arg = arg;
    inquiry->ticket = ticket;
    inquiry->limit = limit;
    if (start->kind == START_NEWEST)
        caller_newest(broker->caller, inquiry->names, count, start->count, history_inquiry_on_newest, inquiry, 0);
    else
        history_inquiry_read(inquiry, start->kind == START_AFTER ? start->after : POSITION_BEGIN);
}
