/*
 * inbox.h - a caller's words for the inbox, the stream that others may add to.
 */
#ifndef REDIS_INBOX_H
#define REDIS_INBOX_H

#include "base/bytes.h"
#include "redis/reply.h"
#include "words/glob.h"

struct caller;

/* Wait until the inbox holds something, at most that long; an answer says no more than that it is time to look. */
void caller_inbox_wait(struct caller *caller, uint64_t wait_ms, caller_done_fn fn, void *arg, uint64_t ticket);

struct inbox_reply {
    uint64_t done;     /* entries that left the inbox */
    uint64_t rejected; /* those of them that were not published */
    struct bytes why;  /* the newest rejection's reason; borrowed */
};
typedef void (*caller_inbox_fn)(void *arg, uint64_t ticket, struct reply reply, struct inbox_reply inbox);
/* Record what is in the inbox, at most `limit` entries of it. */
void caller_inbox(struct caller *caller, const struct glob_list *served, const struct glob_list *ephemeral,
                  unsigned limit, caller_inbox_fn fn, void *arg, uint64_t ticket);

#endif
