/*
 * exchange.h - a plain request that can't be answered at once: its body is still to come, or somebody must be asked.
 *
 * Lives     from exchange_new() until its answer is out or its socket is closed.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "base/buffer.h"
#include "base/check.h"
#include "connection.h"
#include "request.h"
#include "words/glob.h"

#include <stdbool.h>
#include <stdint.h>

struct response;

struct exchange {
    struct connection connection; /* first */
    char origin[REQUEST_ORIGIN_MAX];
    uint64_t length; /* of the body that was announced */
    struct buffer body;
    struct buffer names; /* what the next three point into */
    struct bytes channel, event, key;
    bool is_head;    /* the answer is wanted without its body */
    bool is_surplus; /* more came than was announced */
    bool is_whole;   /* the body is there, and was handed on */
    unsigned status; /* of the answer; 0: there is none yet */
    unsigned retry_after_s;
    const char *error_code; /* NULL: `answer` is the body */
    struct buffer answer;   /* the body, or the error's message */
};

/* Take the socket over. NULL: no memory. */
MUST_CHECK struct exchange *exchange_new(struct transport *transport, struct lws *wsi, const struct request *request,
                                         const struct connection_ops *ops);

/* connection_ops for an exchange. */
int exchange_on_writable(struct connection *connection);
void exchange_on_closed(struct connection *connection);

/* `answer` has been filled: send it when the socket is next writable, and be gone. */
void exchange_answer(struct exchange *exchange, unsigned status);
/* An error instead. Both texts are copied or fixed. */
void exchange_refuse(struct exchange *exchange, unsigned status, const char *code, const char *message);

#endif
