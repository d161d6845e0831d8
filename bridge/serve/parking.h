/*
 * parking.h - requests that wait for their access check.
 *
 * Story     Before a request may do anything, the access check finds out who sent it. If that is known at once, parking
 *           costs nothing. If another service must be asked, the request is parked: copied, counted, and kept until the
 *           answer comes, PARKING_MS are over, or its browser disconnects.
 *
 *           parking_ask ──► true                          who it is, or why it is refused
 *                     └───► false ──► parking_park ──► fn(owner, request, answer)     once, from the loop
 *                                               └───► parking_forget                  or not at all
 * Owns      copies of requests.    Borrows  the owners of parked requests, until fn or parking_forget().
 */
#ifndef SERVE_PARKING_H
#define SERVE_PARKING_H

#include "access/access.h"
#include "base/check.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#define HASH_NONFATAL_OOM 1 /* a table that can't grow costs one request, not the process */
#include <uthash.h>

struct loop;
struct request;
struct timer;

#define PARKING_MS 2000 /* without an answer by then, the request is refused */

/* Gets the answer; called once. The request is valid until it returns. */
typedef void (*parking_fn)(void *owner, const struct request *request, const struct access_answer *answer);

struct parked {
    uint64_t ticket;   /* that the answer will have */
    uint64_t until_ms; /* when it is refused, if no answer has come */
    TAILQ_ENTRY(parked) links;
    UT_hash_handle hh;
    struct request *request; /* a copy */
    parking_fn fn;
    void *owner;
};

struct parking {
    const struct access *access;
    struct timer *timer; /* for until_ms of the oldest */
    uint64_t last_ticket;
    TAILQ_HEAD(parked_list, parked) list; /* the oldest first */
    struct parked *by_ticket;
    unsigned count;
    unsigned most;  /* that may be parked at the same time */
    bool is_closed; /* shutting down: nothing more is parked */
};

/* Room for `most` requests. false: no memory. */
MUST_CHECK bool parking_init(struct parking *parking, struct loop *loop, const struct access *access, unsigned most);
/* Only when nothing is parked any more. */
void parking_fini(struct parking *parking);

/* Who sent the request? true: *answer says who, or why it is refused (perhaps because there is no room to wait). false:
 * the answer comes later; park the request with this ticket before returning to the loop. */
MUST_CHECK bool parking_ask(struct parking *parking, struct access_answer *answer, uint64_t *ticket);

/* Park a copy of the request. NULL: no memory. */
MUST_CHECK struct parked *parking_park(struct parking *parking, uint64_t ticket, const struct request *request,
                                       parking_fn fn, void *owner);
/* Its owner is about to be freed: fn is not called. NULL is fine. */
void parking_forget(struct parking *parking, struct parked *parked);

/* This instance is shutting down: refuse all parked requests, and from now on those that would have to be parked, with
 * PROBLEM_LEAVING. */
void parking_close(struct parking *parking);

#endif
