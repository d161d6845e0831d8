/*
 * request.h - one call on its way: what is sent, and who is told the answer.
 *
 * Story     publish.c, page.c, beat.c, seat.c and inbox.c each make a request, with a function that reads its answer, and
 *           send it. From then on it is the caller's, which answers it once: with what Redis said, or with REPLY_DOWN.
 * Owns      nothing that lasts: what is sent is copied into hiredis's buffer.
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

/* Reads the answer (NULL unless the reply is REPLY_OK) and calls request.fn, which it knows the type of. */
typedef void (*request_decode_fn)(struct request *request, struct reply reply, const redisReply *raw);
typedef void (*request_fn)(void);

struct request {
    TAILQ_ENTRY(request) next; /* of the caller's, sent or unsent */
    struct caller *caller;
    request_decode_fn decode;
    request_fn fn;
    void *arg;
    uint64_t ticket;
    struct position after; /* of a page: what was asked for */
    uint64_t sent_ms;      /* 0: unsent */
};

/* Never NULL: without these few bytes an answer would be owed for ever. */
struct request *request_new(struct caller *caller, request_decode_fn decode, request_fn fn, void *arg, uint64_t ticket);

/* Send it as the call of this function of the library. Takes the request. */
void request_call(struct request *request, const char *function, const struct bytes *args, unsigned count);
/* Send it as this command. Takes the request. */
void request_send(struct request *request, const struct bytes *words, unsigned count);

/* Tell whoever asked, and free it. `raw` is NULL unless the reply is REPLY_OK. */
void request_answer(struct request *request, struct reply reply, const redisReply *raw);

/* For answers that are a position, or no more than that it is done: fn is a caller_position_fn, or a caller_done_fn. */
void request_decode_position(struct request *request, struct reply reply, const redisReply *raw);
void request_decode_done(struct request *request, struct reply reply, const redisReply *raw);

/* An argument that is a number. */
#define REQUEST_NUMBER_MAX 24
struct bytes request_number(char out[static REQUEST_NUMBER_MAX], uint64_t number);

/* --- of the caller ------------------------------------------------------------------------------------------------ */

const struct redis_config *caller_config(const struct caller *caller);
/* Hand it to hiredis; where there is no connection, it is answered from the loop. Takes the request. */
void caller_take(struct caller *caller, struct request *request, int argc, const char **argv, const size_t *lens);

#endif
