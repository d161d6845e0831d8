/*
 * exchange.h - a plain request whose answer comes later: its body is still to come, or somebody must be asked.
 *
 * Story     It is the first member of a struct of its owner's. What the owner needs of the request, it copies; where no
 *           body is to come, libwebsockets keeps nothing of the request while it waits.
 *
 *           exchange_open ──► [on_body] ──► exchange_answer ───────► the answer is sent ──► on_gone
 *                                  └──────► exchange_open_stream ──► it is yours to free
 *
 * Promise   on_gone comes once, from the loop; also where the browser does not wait. Between the opening and the answer
 *           it may take any time: a deadline is the owner's.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "base/buffer.h"
#include "base/check.h"
#include "http/connection.h"
#include "http/response.h"

struct exchange;
struct http;
struct request;

struct exchange_ops {
    /* The body is whole; it stays where it is until on_gone. NULL: there is none, or nobody wants it. */
    void (*on_body)(struct exchange *exchange, struct bytes body);
    /* It is over: free it. */
    void (*on_gone)(struct exchange *exchange);
};

struct exchange {
    struct connection connection; /* first */
    struct bytes origin;          /* of the page that asks: for the answer's cors */
    /* For http itself. */
    const struct exchange_ops *ops;
    struct http *http;
    struct buffer origin_text;
    uint64_t length;      /* of the body that was announced */
    struct buffer body;   /* what has come of it */
    struct buffer answer; /* head and body, ready to be sent */
    bool is_head;         /* the answer is wanted without its body */
    bool is_whole;        /* the body is there, and was handed on */
    bool is_last;         /* the connection ends with the answer */
};

/* Take the request over. false: no memory; nothing happened. */
MUST_CHECK bool exchange_open(struct exchange *exchange, const struct exchange_ops *ops, struct request *request);

/* Answer it, as soon as the socket takes it. Everything is copied. Once. */
void exchange_answer(struct exchange *exchange, const struct response *response);

/* Answer it with this head (its body is ignored), and let a connection of its own go on with what is written. true: the
 * exchange is over, and yours to free, without an on_gone. false: the socket failed, nothing was opened, on_gone follows. */
MUST_CHECK bool exchange_open_stream(struct exchange *exchange, struct connection *connection,
                                     const struct connection_ops *ops, const struct response *head);

#endif
