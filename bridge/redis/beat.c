/*
 * beat.c - calls the library's functions beat and witness.
 */
#include "redis/beat.h"

#include "base/log.h"
#include "request.h"

void caller_beat(struct caller *caller, const char *worker, caller_position_fn fn, void *arg, uint64_t ticket)
{
    struct bytes args[] = {bytes_of(worker)};
    request_call(request_new(caller, request_decode_position, (request_fn)fn, arg, ticket), "beat", args, 1);
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
