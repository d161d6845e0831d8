/*
 * errand.h - a plain request that is answered later: it is parked, its body is still to come, or Redis must be asked.
 *
 * Lives     from errand_new() until its answer is sent or its browser disconnects; then it frees itself.
 */
#ifndef SERVE_ERRAND_H
#define SERVE_ERRAND_H

#include "access/problem.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/check.h"
#include "http/exchange.h"
#include "http/response.h"
#include "session.h"
#include "words/message.h"

#include <stdbool.h>

struct errand;
struct incoming_kind;
struct parked;
struct request;
struct server;

struct errand {
    struct exchange exchange; /* first */
    struct server *server;
    const struct incoming_kind *kind;       /* how its request is handled */
    void (*on_body)(struct errand *errand); /* its body is complete; NULL: it is ignored */
    struct parked *parked;                  /* while it waits for its access check; else NULL */
    struct session session;                 /* once the access check has let it in */
    struct bytes body;                      /* of the request; borrowed from the exchange */
    bool has_body;                          /* it is complete */
    struct message message;                 /* POST /publish; its channel, event and key are in `text` */
    struct buffer text;
};

/* Take over the request. NULL: no memory; the request was not taken over. */
MUST_CHECK struct errand *errand_new(struct server *server, const struct incoming_kind *kind,
                                     void (*on_body)(struct errand *errand), struct request *request);
/* Only after a stream has taken over its exchange; otherwise an errand frees itself. */
void errand_free(struct errand *errand);
struct errand *errand_of(struct session *session);

/* Answer it; response.cors is filled in here. */
void errand_answer(struct errand *errand, struct response response);
/* Answer with the refusal: its status, and its code and text as JSON. */
void errand_refuse(struct errand *errand, struct refusal refusal);
/* Close its connection without an answer. */
void errand_fail(struct errand *errand);

#endif
