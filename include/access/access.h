/*
 * access.h - who a client is, and what is served at all.
 *
 * Story     Before a request may do anything, the access check finds out who sent it. If that is known at once, nothing
 *           waits. If another service must be asked, the answer comes later, with a ticket, or never: the caller sets a
 *           deadline of its own, after which it forgets the ticket.
 * Lives     plain data, filled by the app and borrowed by the serve room.
 */
#ifndef ACCESS_ACCESS_H
#define ACCESS_ACCESS_H

#include "access/problem.h"
#include "access/who.h"
#include "base/check.h"

#include <stdbool.h>
#include <stdint.h>

struct access;
struct glob_list;

struct access_answer {
    struct refusal refusal; /* its problem is NULL if the request is let in */
    const struct who *who;  /* who sent the request; NULL if it is refused */
};

/* Gets an answer that access_ops.check could not give at once; called from the loop, never from within check. */
typedef void (*access_fn)(void *arg, uint64_t ticket, const struct access_answer *answer);

/* Where a later answer goes. */
struct access_asker {
    access_fn fn;
    void *arg;
    uint64_t ticket;
};

struct access_ops {
    /* Who is it? true: *answer says who, or why not. false: asker->fn gets the answer later, once or never. */
    bool (*check)(const struct access *access, const struct access_asker *asker, struct access_answer *answer);
};

struct access {
    const struct access_ops *ops;
    struct who anonymous;             /* a client without credentials */
    const char *internal_prefix;      /* channel names that begin with it are the bridge's own: never served */
    const struct glob_list *channels; /* nothing outside these is served; empty: no limit */
    const struct glob_list *origins;  /* origins whose pages may connect; empty: any */
};

/* Every client is anonymous: the answer is given at once. */
extern const struct access_ops access_anonymous_ops;

#endif
