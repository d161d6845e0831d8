/*
 * eviction.c - reads the line `maxmemory_policy:…` of INFO memory.
 */
#include "redis/eviction.h"

#include "answer.h"
#include "request.h"

#include <string.h>

static bool eviction_policy(const redisReply *raw, struct bytes *policy)
{
    static const char name[] = "maxmemory_policy:";
    struct bytes text;
    const char *line = answer_bytes(raw, &text) ? strstr(text.data, name) : NULL; /* hiredis ends a string with 0 */
    if (!line)
        return false;
    line += strlen(name);
    *policy = (struct bytes){line, strcspn(line, "\r\n")};
    return true;
}

static void eviction_decode(struct request *request, struct reply reply, const redisReply *raw)
{
    struct bytes policy = {"", 0};
    if (reply.status == REPLY_OK && !eviction_policy(raw, &policy))
        reply = answer_malformed();
    bool evicts = reply.status == REPLY_OK && !bytes_is(policy, "noeviction");
    ((caller_eviction_fn)request->fn)(request->arg, request->ticket, reply, evicts, policy);
}

void caller_eviction(struct caller *caller, caller_eviction_fn fn, void *arg, uint64_t ticket)
{
    struct bytes words[] = {BYTES("INFO"), BYTES("memory")};
    request_send(request_new(caller, eviction_decode, (request_fn)fn, arg, ticket), words, 2);
}
