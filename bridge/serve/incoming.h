/*
 * incoming.h - a plain request whose sender matters, on its way in: from the question who asks to an answer.
 *
 * Story     It is answered where it came in, or, where it was parked or somebody else must be asked, later, through an
 *           errand. Whoever handles it need not know which: the verbs here do the same for both.
 *
 *           incoming_open ──► check ──► who asks? ──► enter ──► incoming_answer    now, or after it was parked
 *                               │           │           ├─────► incoming_stream    a stream goes on with it
 *                               └─► refuse ◄┘           └─────► incoming_wait      an errand, for an answer that comes later
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

/* What is asked for at one path. */
struct incoming_kind {
    /* What is wrong with it, whoever asks; NULL: nothing. */
    struct refusal (*check)(const struct server *server, const struct request *request);
    /* It is known who asks: answer, stream or wait. */
    void (*enter)(struct incoming *incoming);
    /* Say no. */
    void (*refuse)(struct incoming *incoming, struct refusal refusal);
    /* The body of an errand that waits is whole. NULL: nobody wants it. */
    void (*on_body)(struct errand *errand);
};

/* Lives until the call that it was given to returns. */
struct incoming {
    struct server *server;
    const struct incoming_kind *kind;
    const struct request *request;
    const struct who *who;
    struct request *fresh; /* the request, where it is answered from its handler; NULL where it was parked */
    struct errand *errand; /* of one that was parked; else NULL */
};

/* At a route of this kind. */
void incoming_open(struct server *server, const struct incoming_kind *kind, struct request *request);

/* Answer it. What pages of other origins may read is filled in. */
void incoming_answer(struct incoming *incoming, struct response response);
/* With the refusal's status, as JSON. */
void incoming_refuse(struct incoming *incoming, struct refusal refusal, bool is_last);

/* Answer with the head of a stream that `connection` goes on with. false: the socket failed; nothing was opened. */
MUST_CHECK bool incoming_stream(struct incoming *incoming, struct connection *connection,
                                const struct connection_ops *ops, struct response head);

/* The answer comes later. NULL: no memory, and the connection will be closed. */
MUST_CHECK struct errand *incoming_wait(struct incoming *incoming, const struct session_ops *ops);

#endif
