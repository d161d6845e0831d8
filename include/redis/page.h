/*
 * page.h - what the logs of some channels or patterns hold after a position, oldest first, and what is needed to tell
 * whether a cursor at or behind that position misses something.
 */
#ifndef REDIS_PAGE_H
#define REDIS_PAGE_H

#include "base/bytes.h"
#include "redis/reply.h"
#include "words/entry.h"

struct caller;

struct log_extent {
    bool has_log;            /* some entry is kept */
    struct position oldest;  /* the oldest kept, where has_log */
    struct position trimmed; /* cursors before this miss trimmed entries; POSITION_BEGIN: none do */
    struct position expired; /* cursors before this may miss expired entries; POSITION_BEGIN: none do */
};

struct page {
    struct position after;      /* the entries come after this */
    struct position until;      /* and up to this all are there */
    struct position newest;     /* the newest position of all, when it was read */
    struct position genesis;    /* where the keyspace began */
    struct position lost;       /* cursors before this may miss what Redis itself lost; POSITION_BEGIN: none do */
    bool has_more;              /* there are entries after `until` */
    unsigned count;             /* of entries */
    struct entry **entries;     /* borrowed; take a count to keep one */
    unsigned extent_count;      /* one per name that was asked for */
    struct log_extent *extents; /* borrowed */
};
typedef void (*caller_page_fn)(void *arg, uint64_t ticket, struct reply reply, const struct page *page);

/* Names are channels or patterns; at most `limit` entries come. */
void caller_read(struct caller *caller, const struct bytes *names, unsigned count, struct position after,
                 unsigned limit, caller_page_fn fn, void *arg, uint64_t ticket);

/* The position after which the newest `newest` entries of these names come. */
void caller_newest(struct caller *caller, const struct bytes *names, unsigned count, unsigned newest,
                   caller_position_fn fn, void *arg, uint64_t ticket);

#endif
