/*
 * pending.h - what was asked on a browser's behalf, and not answered yet.
 *
 * Story     The broker answers publishes and histories later, maybe when the browser is gone. It is given a number,
 *           never a pointer: the answer looks the number up, and finds nothing if the browser left meanwhile.
 * Owns      its bytes.    Borrows  the owner, who drops its pendings before it dies.
 */
#ifndef SERVE_PENDING_H
#define SERVE_PENDING_H

#include "base/check.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#define HASH_NONFATAL_OOM 1 /* a table that can't grow costs one answer, not the process */
#include <uthash.h>

struct pending {
    uint64_t ticket;
    void *owner;
    LIST_ENTRY(pending) siblings;
    UT_hash_handle hh;
    size_t ref_len, name_len; /* a piece of JSON to be given back with the answer; the channel that it is about */
    char *ref, *name;         /* NUL-terminated; in text */
    char text[];
};

LIST_HEAD(pending_list, pending);

struct pending_table {
    uint64_t last_ticket;
    struct pending *by_ticket;
};

/* What is remembered, copied. */
struct pending_note {
    const char *ref, *name;
    size_t ref_len, name_len;
};

/* A new one with a ticket that was never used before; also into the owner's list. NULL: no memory. */
MUST_CHECK struct pending *pending_new(struct pending_table *table, struct pending_list *list, void *owner,
                                       const struct pending_note *note);
/* NULL: answered before, or its owner is gone. */
struct pending *pending_find(struct pending_table *table, uint64_t ticket);
void pending_free(struct pending_table *table, struct pending *pending);
void pending_drop_all(struct pending_table *table, struct pending_list *list);

#endif
