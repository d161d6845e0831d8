/*
 * seat.c - calls the library's functions for the recorder.
 */
#include "redis/seat.h"

#include "answer.h"
#include "request.h"

#include <stdlib.h>

/* --- recording ---------------------------------------------------------------------------------------------------- */

static void seat_decode_record(struct request *request, struct reply reply, const redisReply *raw)
{
    static const char *const results[] = {
        [RECORD_OK] = "OK", [RECORD_STALE] = "STALE", [RECORD_HOLE] = "HOLE", [RECORD_HOLE + 1] = NULL};
    int result = RECORD_STALE;
    uint64_t last = 0;
    if (reply.status == REPLY_OK) {
        redisReply *const *part = answer_list(raw, 2);
        result = part ? answer_word(part[0], results) : -1;
        if (result < 0 || !answer_number(part[1], &last))
            reply = answer_malformed();
    }
    ((caller_record_fn)request->fn)(request->arg, request->ticket, reply, (enum record_result)result, last);
}

void caller_record(struct caller *caller, uint64_t era, uint64_t first, const struct bytes *channels,
                   const struct bytes *payloads, unsigned count, caller_record_fn fn, void *arg, uint64_t ticket)
{
    char era_text[REQUEST_NUMBER_MAX], first_text[REQUEST_NUMBER_MAX];
    struct bytes *args = malloc((2 + 2 * (size_t)count) * sizeof *args);
    CHECK(args);
    args[0] = request_number(era_text, era);
    args[1] = request_number(first_text, first);
    for (unsigned i = 0; i < count; i++) {
        args[2 + 2 * i] = channels[i];
        args[3 + 2 * i] = payloads[i];
    }
    request_call(request_new(caller, seat_decode_record, (request_fn)fn, arg, ticket), "record", args, 2 + 2 * count);
    free(args);
}

/* --- the seat ----------------------------------------------------------------------------------------------------- */

static void seat_decode_attend(struct request *request, struct reply reply, const redisReply *raw)
{
    static const char *const roles[] = {
        [ROLE_HOLDER] = "holder", [ROLE_STANDBY] = "standby", [ROLE_WAITING] = "waiting",
        [ROLE_ANEW] = "anew",     [ROLE_GONE] = "gone",       [ROLE_GONE + 1] = NULL};
    struct attend_reply attend = {0};
    if (reply.status == REPLY_OK) {
        redisReply *const *part = answer_list(raw, 3);
        int role = part ? answer_word(part[0], roles) : -1;
        if (role < 0 || !answer_number(part[1], &attend.era) || !answer_number(part[2], &attend.last))
            reply = answer_malformed();
        else
            attend.role = (enum node_role)role;
    }
    ((caller_attend_fn)request->fn)(request->arg, request->ticket, reply, attend);
}

void caller_attend(struct caller *caller, const struct attendance *a, caller_attend_fn fn, void *arg, uint64_t ticket)
{
    static const char *const claims[] = {
        [CLAIM_WAITING] = "waiting", [CLAIM_JOINING] = "joining", [CLAIM_SYNCED] = "synced"};
    char lease[REQUEST_NUMBER_MAX], filter[REQUEST_NUMBER_MAX], era[REQUEST_NUMBER_MAX], number[REQUEST_NUMBER_MAX];
    char heard[REQUEST_NUMBER_MAX];
    struct bytes args[] = {bytes_of(a->node),
                           request_number(lease, a->lease_ms),
                           request_number(filter, a->filter_hash),
                           bytes_of(claims[a->claim]),
                           request_number(era, a->era),
                           request_number(number, a->number),
                           request_number(heard, a->heard)};
    request_call(request_new(caller, seat_decode_attend, (request_fn)fn, arg, ticket), "attend", args,
                 sizeof args / sizeof *args);
}

static void seat_decode_leave(struct request *request, struct reply reply, const redisReply *raw)
{
    static const char *const results[] = {
        [LEAVE_LEFT] = "left", [LEAVE_COMING] = "coming", [LEAVE_ALONE] = "alone", [LEAVE_ALONE + 1] = NULL};
    int result = reply.status == REPLY_OK ? answer_word(raw, results) : LEAVE_LEFT;
    if (result < 0) {
        reply = answer_malformed();
        result = LEAVE_ALONE;
    }
    ((caller_leave_fn)request->fn)(request->arg, request->ticket, reply, (enum leave_result)result);
}

void caller_leave(struct caller *caller, const char *node, bool force, caller_leave_fn fn, void *arg, uint64_t ticket)
{
    struct bytes args[] = {bytes_of(node), force ? BYTES("1") : BYTES("0")};
    request_call(request_new(caller, seat_decode_leave, (request_fn)fn, arg, ticket), "leave", args, 2);
}

/* --- a place ------------------------------------------------------------------------------------------------------ */

void caller_sync(struct caller *caller, const char *node, uint64_t nonce, uint64_t filter_hash, caller_done_fn fn,
                 void *arg, uint64_t ticket)
{
    char nonce_text[REQUEST_NUMBER_MAX], filter[REQUEST_NUMBER_MAX];
    struct bytes args[] = {bytes_of(node), request_number(nonce_text, nonce), request_number(filter, filter_hash)};
    request_call(request_new(caller, request_decode_done, (request_fn)fn, arg, ticket), "sync", args, 3);
}

void caller_place(struct caller *caller, uint64_t era, struct bytes node, uint64_t nonce, uint64_t ordinal,
                  caller_done_fn fn, void *arg, uint64_t ticket)
{
    char era_text[REQUEST_NUMBER_MAX], nonce_text[REQUEST_NUMBER_MAX], ordinal_text[REQUEST_NUMBER_MAX];
    struct bytes args[] = {request_number(era_text, era), node, request_number(nonce_text, nonce),
                           request_number(ordinal_text, ordinal)};
    request_call(request_new(caller, request_decode_done, (request_fn)fn, arg, ticket), "place", args, 4);
}
