/*
 * access.h - who is it, and what is served at all.
 *
 * Story     A request is asked who stands behind it before anything else. Where that is known at once, nothing waits;
 *           where somebody else must be asked, the answer comes by ticket, or never: whoever waits for it has a deadline
 *           of its own, and forgets the ticket.
 * Lives     plain data, put together by the app and borrowed by those who serve.
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
    struct refusal refusal; /* its problem is NULL where the request is let in */
    const struct who *who;  /* who asks; NULL where it is refused */
};

/* The answer to a check that could not be given at once; from the loop, never from within access_ops.check. */
typedef void (*access_fn)(void *arg, uint64_t ticket, const struct access_answer *answer);

/* Whom to tell. */
struct access_asker {
    access_fn fn;
    void *arg;
    uint64_t ticket;
};

struct access_ops {
    /* Who asks? true: *answer says so. false: the asker will be told, once, or never. */
    bool (*check)(const struct access *access, const struct access_asker *asker, struct access_answer *answer);
};

struct access {
    const struct access_ops *ops;
    struct who anonymous;             /* whoever shows nothing */
    const char *internal_prefix;      /* names that begin so belong to us: never served */
    const struct glob_list *channels; /* nothing outside these is served; empty: no limit */
    const struct glob_list *origins;  /* whose pages may connect; empty: any */
};

/* Everybody is anonymous: the answer is there at once. */
extern const struct access_ops access_anonymous_ops;

#endif
