/*
 * beat.c - calls the library's functions beat and witness, and the one for backends, which answers a call without
 * arguments with its usage.
 */
#include "redis/beat.h"

#include "base/log.h"
#include "library.h"
#include "redis/config.h"
#include "request.h"

#include <string.h>

void caller_beat(struct caller *caller, const char *worker, caller_position_fn fn, void *arg, uint64_t ticket)
{
    struct bytes args[] = {bytes_of(worker), BYTES("0")};
    unsigned count = caller_config(caller)->db == 0 ? 2 : 1;
    request_call(request_new(caller, request_decode_position, (request_fn)fn, arg, ticket), "beat", args, count);
}

/* The previous release's function answers with its usage as an error. */
static void beat_decode_probe(struct request *request, struct reply reply, const redisReply *raw)
{
    if (reply.status == REPLY_ERROR && strncmp(reply.text, "ERR usage", 9) == 0)
        reply = (struct reply){REPLY_OK, ""};
    request_decode_done(request, reply, raw);
}

void caller_probe(struct caller *caller, caller_done_fn fn, void *arg, uint64_t ticket)
{
    char name[LIBRARY_NAME_MAX];
    struct bytes words[] = {BYTES("FCALL"), bytes_of(library_public_function(caller_config(caller), name)), BYTES("0")};
    request_send(request_new(caller, beat_decode_probe, (request_fn)fn, arg, ticket), words, 3);
}

static void beat_on_witnessed(void *arg, uint64_t ticket, struct reply reply, struct position lost)
{
    (void)arg, (void)ticket;
    if (reply.status == REPLY_OK && !position_is_begin(lost))
        log_error("redis_lost", "before=%s why=\"a crash or a failover of Redis lost acknowledged writes\"",
                  POSITION_TEXT(lost));
}

void caller_witness(struct caller *caller, struct position position, struct bytes channel)
{
    struct bytes args[] = {bytes_of(POSITION_TEXT(position)), channel};
    request_call(request_new(caller, request_decode_position, (request_fn)beat_on_witnessed, NULL, 0), "witness", args,
                 2);
}
