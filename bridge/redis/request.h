/*
 * request.h - one call to Redis: sends it, and passes the answer to its callback.
 *
 * Story     publish.c, page.c, beat.c, seat.c and inbox.c each make a request, with a function that decodes its answer,
 *           and send it. From then on the caller owns it, and answers it once: with Redis's reply, or with REPLY_DOWN.
 * Owns      nothing that lasts: the command is copied into hiredis's buffer.
 */
#ifndef REDIS_REQUEST_H
#define REDIS_REQUEST_H

#include "base/bytes.h"
#include "redis/reply.h"
#include "words/position.h"

#include <hiredis/hiredis.h>
#include <stdint.h>
#include <sys/queue.h>

struct caller;

struct request;

/* Decodes the answer (`raw` is NULL unless the reply is REPLY_OK) and calls request.fn, whose real type it knows. */
typedef void (*request_decode_fn)(struct request *request, struct reply reply, const redisReply *raw);
typedef void (*request_fn)(void);

struct request {
    TAILQ_ENTRY(request) next; /* in the caller's list `sent` or `unsent` */
    struct caller *caller;
    request_decode_fn decode;
    request_fn fn;
    void *arg;
    uint64_t ticket;
    struct position after; /* of a page: the position that was asked for */
    uint64_t sent_ms;      /* 0: unsent */
};

/* Never NULL: without a request the call could never be answered, so the process ends if there is no memory. */
struct request *request_new(struct caller *caller, request_decode_fn decode, request_fn fn, void *arg, uint64_t ticket);

/* Send it as a call of this library function. Takes ownership of the request. */
void request_call(struct request *request, const char *function, const struct bytes *args, unsigned count);
/* Send it as this Redis command. Takes ownership of the request. */
void request_send(struct request *request, const struct bytes *words, unsigned count);

/* Decode the answer, run the callback, and free the request. `raw` is NULL unless the reply is REPLY_OK. */
void request_answer(struct request *request, struct reply reply, const redisReply *raw);

/* For answers that are only a position (fn is a caller_position_fn), or only success (fn is a caller_done_fn). */
void request_decode_position(struct request *request, struct reply reply, const redisReply *raw);
void request_decode_done(struct request *request, struct reply reply, const redisReply *raw);

/* Format a number as an argument; the result points into `out`. */
#define REQUEST_NUMBER_MAX 24
struct bytes request_number(char out[static REQUEST_NUMBER_MAX], uint64_t number);

/* --- in caller.c -------------------------------------------------------------------------------------------------- */

const struct redis_config *caller_config(const struct caller *caller);
/* Send it through hiredis; if there is no connection, it is answered REPLY_DOWN from the loop. Takes ownership of the
 * request; argv is copied. */
void caller_take(struct caller *caller, struct request *request, int argc, const char **argv, const size_t *lens);

#endif
