/*
 * tail.h - a run of entries in position order, without a hole: the newest ones of a feed, or a page of its log.
 *
 * Promise   Every entry of the feed after `since` and up to the last one pushed is in it. Above its limits it drops the
 *           oldest and moves `since`.
 * Owns      a reference to each entry.
 */
#ifndef BROKER_TAIL_H
#define BROKER_TAIL_H

#include "base/check.h"
#include "words/entry.h"

struct tail {
    struct entry **ring; /* NULL until the first push */
    unsigned cap, first, count;
    size_t bytes;
    struct position since;
};

/* Empty, and complete from `since` on. */
void tail_reset(struct tail *tail, struct position since);
void tail_fini(struct tail *tail);

/* Takes a reference of its own. Keeps at most `entries` and `bytes`, but always the newest entry. false: no memory,
 * nothing changed. */
MUST_CHECK bool tail_push(struct tail *tail, struct entry *entry, size_t entries, size_t bytes);

/* The i-th entry, oldest first. */
static inline struct entry *tail_at(const struct tail *tail, unsigned i)
{
    return tail->ring[(tail->first + i) & (tail->cap - 1)];
}

/* Drop everything up to a position; `since` is then at that position, or later. */
void tail_forget(struct tail *tail, struct position position);

/* The position of the newest entry, or `since`. */
struct position tail_end(const struct tail *tail);
/* The index of the first entry after a position; `count` if there is none. */
unsigned tail_after(const struct tail *tail, struct position position);

#endif
