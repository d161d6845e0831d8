/*
 * incoming.h - a plain request that must pass the access check, from its arrival to its answer.
 *
 * Story     It is answered from its handler; or later, through an errand, if it was parked or Redis must be asked. The
 *           code that handles it need not know which: the functions here do the same in both cases.
 *
 *           incoming_open ──► check ──► access ──► enter ──► incoming_answer    at once, or after it was parked
 *                               │          │         ├─────► incoming_stream    a stream takes over
 *                               └► refuse ◄┘         └─────► incoming_wait      an errand will answer later
 */
#ifndef SERVE_INCOMING_H
#define SERVE_INCOMING_H

#include "access/access.h"
#include "base/check.h"
#include "errand.h"
#include "http/response.h"

#include <stdbool.h>

struct connection;
struct connection_ops;
struct incoming;
struct request;
struct server;

/* How the requests for one path are handled. */
struct incoming_kind {
    /* Before the access check: is the request wrong, whoever sent it? NULL: nothing is checked. */
    struct refusal (*check)(const struct server *server, const struct request *request);
    /* The access check has let the request in: answer, stream or wait. */
    void (*enter)(struct incoming *incoming);
    /* Answer with this refusal. */
    void (*refuse)(struct incoming *incoming, struct refusal refusal);
    /* The body of an errand that waits is complete. NULL: it is ignored. */
    void (*on_body)(struct errand *errand);
};

/* Valid until the callback that it was passed to returns. */
struct incoming {
    struct server *server;
    const struct incoming_kind *kind;
    const struct request *request;
    const struct who *who;
    struct request *fresh; /* the request, if this is still its handler; NULL if it was parked */
    struct errand *errand; /* of a request that was parked; else NULL */
};

/* Handle a request for a route of this kind. */
void incoming_open(struct server *server, const struct incoming_kind *kind, struct request *request);

/* Answer it; response.cors is filled in here. */
void incoming_answer(struct incoming *incoming, struct response response);
/* Answer with the refusal: its status, and its code and text as JSON. is_last: then close the connection. */
void incoming_refuse(struct incoming *incoming, struct refusal refusal, bool is_last);

/* Answer with this head, and open `connection` for the stream that follows. false: the socket failed, or no memory;
 * nothing was opened. */
MUST_CHECK bool incoming_stream(struct incoming *incoming, struct connection *connection,
                                const struct connection_ops *ops, struct response head);

/* Get the errand that will answer later. NULL: no memory, and the connection will be closed. */
MUST_CHECK struct errand *incoming_wait(struct incoming *incoming, const struct session_ops *ops);

#endif
