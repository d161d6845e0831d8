/*
 * exchange.h - a plain request that is answered later: its body is still to come, or the answer is not known yet.
 *
 * Story     It is the first member of a struct of its owner's. The owner copies what it needs from the request; if no
 *           body is to come, libwebsockets keeps nothing of the request while the exchange waits.
 *
 *           exchange_open ──► [on_body] ──► exchange_answer ───────► the answer is sent ──► on_gone
 *                                  └──────► exchange_open_stream ──► the owner frees it
 *
 * Promise   on_gone comes once, from the loop, also if the browser disconnects before the answer. There is no timeout
 *           between the opening and the answer: if one is needed, the owner sets it.
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
    /* The body is complete; it stays valid until on_gone. NULL: no body is expected, or the owner ignores it. */
    void (*on_body)(struct exchange *exchange, struct bytes body);
    /* The exchange is over: free it. */
    void (*on_gone)(struct exchange *exchange);
};

struct exchange {
    struct connection connection; /* first */
    struct bytes origin;          /* of the page that sent the request: for response.cors */
    /* Private to http. */
    const struct exchange_ops *ops;
    struct http *http;
    struct buffer origin_text;
    uint64_t length;      /* of the body, as announced */
    struct buffer body;   /* what has been received of it */
    struct buffer answer; /* head and body, ready to send */
    bool is_head;         /* a HEAD request: answered without a body */
    bool is_whole;        /* the body is complete and was passed on */
    bool is_last;         /* the connection is closed after the answer */
};

/* Take over the request. false: no memory; nothing happened. */
MUST_CHECK bool exchange_open(struct exchange *exchange, const struct exchange_ops *ops, struct request *request);

/* Send this answer as soon as the socket is writable. Everything is copied. Call it once. If the answer can't be built
 * (no memory), the connection is closed instead. */
void exchange_answer(struct exchange *exchange, const struct response *response);

/* Answer with this head (its body is ignored), and open `connection`, under the same id, for what follows. true: the
 * exchange is over and the caller frees it; on_gone is not called. false: the head could not be written (the socket
 * failed, or no memory); nothing was opened, and on_gone follows. */
MUST_CHECK bool exchange_open_stream(struct exchange *exchange, struct connection *connection,
                                     const struct connection_ops *ops, const struct response *head);

#endif
