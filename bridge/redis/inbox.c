/*
 * inbox.c - calls the library's function inbox, and waits (in a blocking read) until the inbox has an entry.
 */
#include "redis/inbox.h"

#include "answer.h"
#include "redis/names.h"
#include "request.h"

#include <stdlib.h>

#define TAKE_BYTES "262144" /* of data that one call records, approximately */

void caller_inbox_wait(struct caller *caller, uint64_t wait_ms, caller_done_fn fn, void *arg, uint64_t ticket)
{
    char wait[REQUEST_NUMBER_MAX], key[NAMES_MAX];
    struct bytes words[] = {BYTES("XREAD"),
                            BYTES("COUNT"),
                            BYTES("1"),
                            BYTES("BLOCK"),
                            request_number(wait, wait_ms),
                            BYTES("STREAMS"),
                            names_inbox(caller_config(caller), key),
                            BYTES("0")};
    request_send(request_new(caller, request_decode_done, (request_fn)fn, arg, ticket), words, 8);
}

static void inbox_decode(struct request *request, struct reply reply, const redisReply *raw)
{
    struct inbox_reply inbox = {0};
    if (reply.status == REPLY_OK) {
        redisReply *const *part = answer_list(raw, 3);
        if (!part || !answer_number(part[0], &inbox.done) || !answer_number(part[1], &inbox.rejected) ||
            !answer_bytes(part[2], &inbox.why))
            reply = answer_malformed();
    }
    ((caller_inbox_fn)request->fn)(request->arg, request->ticket, reply, inbox);
}

static unsigned inbox_put_list(struct bytes *args, const struct glob_list *list)
{
    for (unsigned i = 0; i < list->count; i++)
        args[i] = bytes_of(list->globs[i]);
    return list->count;
}

void caller_inbox(struct caller *caller, const struct glob_list *served, const struct glob_list *ephemeral,
                  unsigned limit, caller_inbox_fn fn, void *arg, uint64_t ticket)
{
    char number[REQUEST_NUMBER_MAX];
    struct bytes *args = malloc((3 + (size_t)served->count + ephemeral->count) * sizeof *args);
    CHECK(args);
    unsigned count = 0;
    args[count++] = request_number(number, limit);
    args[count++] = BYTES(TAKE_BYTES);
    count += inbox_put_list(args + count, served);
    args[count++] = BYTES(""); /* separates the lists */
    count += inbox_put_list(args + count, ephemeral);
    request_call(request_new(caller, inbox_decode, (request_fn)fn, arg, ticket), "inbox", args, count);
    free(args);
}
