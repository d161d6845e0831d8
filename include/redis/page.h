/*
 * page.h - the entries that the logs of some channels or patterns hold after a position, oldest first, and what is
 * needed to tell whether a cursor at or after that position has missed any.
 */
#ifndef REDIS_PAGE_H
#define REDIS_PAGE_H

#include "base/bytes.h"
#include "redis/reply.h"
#include "words/entry.h"

struct caller;

struct log_extent {
    bool has_log;            /* at least one entry is kept */
    struct position oldest;  /* the oldest kept entry, if has_log */
    struct position trimmed; /* cursors before this have missed trimmed entries; POSITION_BEGIN: none have */
    struct position expired; /* cursors before this may have missed expired entries; POSITION_BEGIN: none have */
    struct position missed;  /* entries up to here are known to have been, and are gone; POSITION_BEGIN: none are */
};

struct page {
    struct position after;      /* the entries are those after this position */
    struct position until;      /* and all of those up to this one are here */
    struct position newest;     /* the newest position in this Redis when the page was read */
    struct position genesis;    /* the position at which the keyspace began */
    struct position lost;       /* cursors before this may have missed entries that Redis lost; POSITION_BEGIN: none */
    bool has_more;              /* there are entries after `until` */
    unsigned count;             /* of `entries` */
    struct entry **entries;     /* borrowed; take a reference to keep one */
    unsigned extent_count;      /* one per requested name, in the same order */
    struct log_extent *extents; /* borrowed */
};
/* The page is borrowed until the callback returns; it is never NULL, and it is empty unless the reply is REPLY_OK. */
typedef void (*caller_page_fn)(void *arg, uint64_t ticket, struct reply reply, const struct page *page);

/* Read a page: at most `limit` entries and 256 KiB of payload (or one entry). Names are channels or patterns. */
void caller_read(struct caller *caller, const struct bytes *names, unsigned count, struct position after,
                 unsigned limit, caller_page_fn fn, void *arg, uint64_t ticket);

/* Find the position after which exactly the newest `newest` entries of these names come; POSITION_BEGIN if there are
 * fewer. */
void caller_newest(struct caller *caller, const struct bytes *names, unsigned count, unsigned newest,
                   caller_position_fn fn, void *arg, uint64_t ticket);

#endif
