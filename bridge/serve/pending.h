/*
 * pending.h - an answer that somebody waits for.
 *
 * Story     The broker answers subscriptions, publishes and histories later, maybe when the browser is gone. It is given
 *           a number, never a pointer: the answer looks the number up, and finds nothing if the browser left meanwhile.
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
    struct bytes ref;  /* a piece of JSON to be given back with the answer; empty where none was sent */
    struct bytes name; /* PENDING_SUBSCRIBE: the channel or pattern that it is about */
    char text[];       /* what the two point into */
};

LIST_HEAD(pending_list, pending);

struct pending_table {
    uint64_t last_ticket;
    struct pending *by_ticket;
};

/* A ticket that was never given before, for whoever keeps a record of its own. */
uint64_t pending_ticket(struct pending_table *table);

/* A new one with a ticket of its own, also in the list. ref and name are copied. NULL: no memory. */
MUST_CHECK struct pending *pending_new(struct pending_table *table, struct pending_list *list, struct session *session,
                                       enum pending_kind kind, struct bytes ref, struct bytes name);
/* NULL: answered before, or its session is over. */
struct pending *pending_find(struct pending_table *table, uint64_t ticket);
/* Off the table and its list: nobody finds it any more. */
void pending_remove(struct pending_table *table, struct pending *pending);
/* After pending_remove(). */
void pending_free(struct pending *pending);

#endif
