/*
 * request.c - makes a command from arguments, and passes the answer to the callback.
 */
#include "request.h"

#include "answer.h"
#include "library.h"
#include "redis/names.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_WORDS 4 /* FCALL function 1 key */

struct request *request_new(struct caller *caller, request_decode_fn decode, request_fn fn, void *arg, uint64_t ticket)
{
    struct request *request = calloc(1, sizeof *request);
    CHECK(request);
    *request = (struct request){.caller = caller, .decode = decode, .fn = fn, .arg = arg, .ticket = ticket};
    return request;
}

void request_send(struct request *request, const struct bytes *words, unsigned count)
{
    const char **argv = malloc(count * sizeof *argv);
    size_t *lens = malloc(count * sizeof *lens);
    CHECK(argv && lens);
    for (unsigned i = 0; i < count; i++) {
        argv[i] = words[i].data ? words[i].data : "";
        lens[i] = words[i].len;
    }
    caller_take(request->caller, request, (int)count, argv, lens);
    free(argv);
    free(lens);
}

void request_call(struct request *request, const char *function, const struct bytes *args, unsigned count)
{
    const struct redis_config *config = caller_config(request->caller);
    char name[LIBRARY_NAME_MAX], key[NAMES_MAX];
    struct bytes *words = malloc((CALL_WORDS + count) * sizeof *words);
    CHECK(words);
    words[0] = BYTES("FCALL");
    words[1] = bytes_of(library_function(config, function, name));
    words[2] = BYTES("1");
    words[3] = names_position(config, key);
    if (count)
        memcpy(words + CALL_WORDS, args, count * sizeof *args);
    request_send(request, words, CALL_WORDS + count);
    free(words);
}

void request_answer(struct request *request, struct reply reply, const redisReply *raw)
{
    request->decode(request, reply, raw);
    free(request);
}

void request_decode_position(struct request *request, struct reply reply, const redisReply *raw)
{
    struct position position = {0};
    if (reply.status == REPLY_OK && !answer_position(raw, &position))
        reply = answer_malformed();
    ((caller_position_fn)request->fn)(request->arg, request->ticket, reply, position);
}

void request_decode_done(struct request *request, struct reply reply, const redisReply *raw)
{
    (void)raw;
    ((caller_done_fn)request->fn)(request->arg, request->ticket, reply);
}

struct bytes request_number(char out[static REQUEST_NUMBER_MAX], uint64_t number)
{
    int len = snprintf(out, REQUEST_NUMBER_MAX, "%" PRIu64, number);
    return (struct bytes){out, (size_t)len};
}
