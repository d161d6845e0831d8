/*
 * pending.h - answers of the broker that sessions wait for.
 *
 * Story     The broker answers subscriptions, publishes and histories later, perhaps after the browser disconnected. So
 *           it is given a ticket (a number), never a pointer. When the answer comes, the ticket is looked up; if the
 *           session has ended, it is not found.
 * Owns      its bytes.    Borrows  the session, which drops its pendings before it ends.
 */
#ifndef SERVE_PENDING_H
#define SERVE_PENDING_H

#include "base/bytes.h"
#include "base/check.h"

#include <stdint.h>
#include <sys/queue.h>
#define HASH_NONFATAL_OOM 1 /* a table that can't grow costs one answer, not the process */
#include <uthash.h>

struct session;

enum pending_kind { PENDING_SUBSCRIBE, PENDING_PUBLISH, PENDING_HISTORY };

struct pending {
    uint64_t ticket;
    enum pending_kind kind;
    struct session *session;
    LIST_ENTRY(pending) siblings;
    UT_hash_handle hh;
    struct bytes ref;  /* a piece of JSON that the answer repeats; empty if none was sent */
    struct bytes name; /* PENDING_SUBSCRIBE: the channel or pattern that it is about */
    char text[];       /* what ref and name point into */
};

LIST_HEAD(pending_list, pending);

struct pending_table {
    uint64_t last_ticket;
    struct pending *by_ticket;
};

/* A ticket that this table has never given before. */
uint64_t pending_ticket(struct pending_table *table);

/* Add one, with a new ticket, to the table and to the list. ref and name are copied. NULL: no memory. */
MUST_CHECK struct pending *pending_new(struct pending_table *table, struct pending_list *list, struct session *session,
                                       enum pending_kind kind, struct bytes ref, struct bytes name);
/* NULL: it has been answered, or its session has ended. */
struct pending *pending_find(struct pending_table *table, uint64_t ticket);
/* Remove it from the table and from its list, but do not free it. */
void pending_remove(struct pending_table *table, struct pending *pending);
/* After pending_remove(). */
void pending_free(struct pending *pending);

#endif
