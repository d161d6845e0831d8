/*
 * inbox.h - calls for the inbox, the stream that backends add messages to.
 */
#ifndef REDIS_INBOX_H
#define REDIS_INBOX_H

#include "base/bytes.h"
#include "redis/reply.h"
#include "words/glob.h"

struct caller;

/* Wait until the inbox holds an entry, for at most `wait_ms`; REPLY_OK only says that it is time to look. This blocks
 * the connection (XREAD BLOCK), so use a caller of its own. `wait_ms` must be below the deadline, and not 0 (for ever).
 * */
void caller_inbox_wait(struct caller *caller, uint64_t wait_ms, caller_done_fn fn, void *arg, uint64_t ticket);

struct inbox_reply {
    uint64_t done;     /* entries that were removed from the inbox */
    uint64_t rejected; /* those of them that were not published */
    struct bytes why;  /* the newest rejection's reason; borrowed until the callback returns */
};
typedef void (*caller_inbox_fn)(void *arg, uint64_t ticket, struct reply reply, struct inbox_reply inbox);
/* Record the oldest entries of the inbox: at most `limit` of them, and about 256 KiB of data. An entry is rejected if
 * it is invalid or no glob in `served` matches its channel; if one in `ephemeral` does, it is published but not
 * recorded. */
void caller_inbox(struct caller *caller, const struct glob_list *served, const struct glob_list *ephemeral,
                  unsigned limit, caller_inbox_fn fn, void *arg, uint64_t ticket);

#endif
