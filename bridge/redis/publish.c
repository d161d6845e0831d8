/*
 * publish.c - calls the library's function publish, or PUBLISH itself.
 */
#include "redis/publish.h"

#include "request.h"
#include "words/message.h"

void caller_publish(struct caller *caller, const struct message *message, caller_position_fn fn, void *arg,
                    uint64_t ticket)
{
    struct bytes args[] = {message->channel, message->payload, message->event, message->from, message->key};
    request_call(request_new(caller, request_decode_position, (request_fn)fn, arg, ticket), "publish", args, 5);
}

static void publish_decode_plain(struct request *request, struct reply reply, const redisReply *raw)
{
    (void)raw;
    ((caller_position_fn)request->fn)(request->arg, request->ticket, reply, POSITION_BEGIN);
}

void caller_publish_plain(struct caller *caller, struct bytes channel, struct bytes payload, caller_position_fn fn,
                          void *arg, uint64_t ticket)
{
    struct bytes words[] = {BYTES("PUBLISH"), channel, payload};
    request_send(request_new(caller, publish_decode_plain, (request_fn)fn, arg, ticket), words, 3);
}
