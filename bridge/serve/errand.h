/*
 * errand.h - a plain request whose answer comes later: while it is parked, has a body to come, or somebody must be asked.
 *
 * Lives     from errand_new() until its answer is out or its browser is gone; it frees itself then.
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
    const struct incoming_kind *kind;       /* what is asked for */
    void (*on_body)(struct errand *errand); /* its body is whole; NULL: nobody wants it */
    struct parked *parked;                  /* while it is not known who asks; else NULL */
    struct session session;                 /* once it is known */
    struct bytes body;                      /* what came behind the request */
    bool has_body;                          /* it is whole */
    struct message message;                 /* what is to be published, without its payload; its bytes are in `text` */
    struct buffer text;
};

/* Take the request over. NULL: no memory; the request is still there. */
MUST_CHECK struct errand *errand_new(struct server *server, const struct incoming_kind *kind,
                                     void (*on_body)(struct errand *errand), struct request *request);
/* A stream has taken its exchange over. */
void errand_free(struct errand *errand);
struct errand *errand_of(struct session *session);

/* Answer it. What pages of other origins may read is filled in. */
void errand_answer(struct errand *errand, struct response response);
/* With the refusal's status, as JSON. */
void errand_refuse(struct errand *errand, struct refusal refusal);
/* It can't be answered: its connection is closed. */
void errand_fail(struct errand *errand);

#endif
