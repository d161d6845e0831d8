/*
 * parking.h - requests that wait until it is known who asks.
 *
 * Story     Before anything else it is found out who stands behind a request. Where that is known at once, nothing of
 *           this costs anything. Where somebody else must be asked, the request is parked: copied, counted, and put
 *           aside until the answer comes, its time is over, or its browser leaves.
 *
 *           parking_ask ──► true                          who it is, or why not
 *                     └───► false ──► parking_park ──► fn(owner, request, answer)     once, from the loop
 *                                               └───► parking_forget                  or not at all
 * Owns      copies of requests.    Borrows  the owners of what is parked, until fn or parking_forget().
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

#define PARKING_MS 2000 /* an answer that is not there by then is none */

/* The request is alive until it returns. */
typedef void (*parking_fn)(void *owner, const struct request *request, const struct access_answer *answer);

struct parked {
    uint64_t ticket;   /* that the answer will name */
    uint64_t until_ms; /* when it is too late for one */
    TAILQ_ENTRY(parked) links;
    UT_hash_handle hh;
    struct request *request; /* a copy */
    parking_fn fn;
    void *owner;
};

struct parking {
    const struct access *access;
    struct timer *timer; /* the oldest one's time */
    uint64_t last_ticket;
    TAILQ_HEAD(parked_list, parked) list; /* the oldest first */
    struct parked *by_ticket;
    unsigned count;
    unsigned most;  /* that may be parked at the same time */
    bool is_closed; /* nothing is parked any more */
};

/* Room for `most` requests. false: no memory. */
MUST_CHECK bool parking_init(struct parking *parking, struct loop *loop, const struct access *access, unsigned most);
/* Nothing is parked any more. */
void parking_fini(struct parking *parking);

/* Who asks? true: *answer says so, or that there is no room to wait for it. false: park the request, with this ticket,
 * before the loop turns. */
MUST_CHECK bool parking_ask(struct parking *parking, struct access_answer *answer, uint64_t *ticket);

/* NULL: no memory. */
MUST_CHECK struct parked *parking_park(struct parking *parking, uint64_t ticket, const struct request *request,
                                       parking_fn fn, void *owner);
/* Its owner goes. NULL is fine. */
void parking_forget(struct parking *parking, struct parked *parked);

/* This instance is going: all that are parked are told to come back, and so are those who would have to be. */
void parking_close(struct parking *parking);

#endif
