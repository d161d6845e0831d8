/*
 * caller.c - calls of the library's functions: a request record each, owned here, handed to hiredis until its answer.
 *
 * What is asked while the link is down is answered REPLY_DOWN too, from the loop, so that nobody is called back from
 * within his own call.
 *
 * hiredis begins its time-out anew with everything that is sent, so a connection on which somebody goes on asking would
 * never be given up. Here the oldest unanswered call decides.
 */
#include "redis/caller.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "library.h"
#include "link.h"
#include "page.h"
#include "redis/beat.h"
#include "redis/inbox.h"
#include "redis/names.h"
#include "redis/publish.h"
#include "redis/seat.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define PAGE_BYTES "262144" /* payload that one page brings, at most (or one entry) */

struct request;
typedef void (*request_decode_fn)(struct request *request, struct reply reply, const redisReply *raw);

struct request {
    TAILQ_ENTRY(request) next; /* in caller.sent or caller.unsent */
    uint64_t sent_ms;          /* 0: unsent */
    struct caller *caller;
    request_decode_fn decode;
    union {
        caller_position_fn position;
        caller_page_fn page;
        caller_record_fn record;
        caller_attend_fn attend;
        caller_leave_fn leave;
        caller_inbox_fn inbox;
        caller_done_fn done;
    } fn;
    void *arg;
    uint64_t ticket;
    struct position after; /* of a page */
};

struct caller {
    struct link *link;
    const struct redis_config *config;
    char position[NAMES_MAX]; /* the key that every call declares: by it the functions know the prefix */
    struct caller_events events;
    void *arg;
    struct timer *timer;    /* answers what was never sent */
    struct timer *deadline; /* runs while anything is sent and not answered */
    TAILQ_HEAD(request_list, request) sent, unsent;
    bool is_freeing;
};

/* --- decoding answers --------------------------------------------------------------------------------------------- */

static struct reply caller_malformed(void)
{
    return (struct reply){REPLY_ERROR, "ERR the library answered something else than expected"};
}

static uint64_t caller_number_of(const redisReply *raw)
{
    return raw->type == REDIS_REPLY_STRING ? strtoull(raw->str, NULL, 10) : 0;
}

static void caller_decode_position(struct request *request, struct reply reply, const redisReply *raw)
{
    struct position position = {0};
    if (reply.status == REPLY_OK &&
        (raw->type != REDIS_REPLY_STRING || !position_parse((struct bytes){raw->str, raw->len}, &position)))
        reply = caller_malformed();
    request->fn.position(request->arg, request->ticket, reply, position);
}

static void caller_decode_plain(struct request *request, struct reply reply, const redisReply *raw)
{
    (void)raw;
    request->fn.position(request->arg, request->ticket, reply, POSITION_BEGIN);
}

static void caller_decode_page(struct request *request, struct reply reply, const redisReply *raw)
{
    struct page page = {0};
    if (reply.status == REPLY_OK && !page_decode(&page, request->after, raw))
        reply = caller_malformed();
    request->fn.page(request->arg, request->ticket, reply, &page);
    page_fini(&page);
}

static void caller_decode_record(struct request *request, struct reply reply, const redisReply *raw)
{
    enum record_result result = RECORD_STALE;
    uint64_t last = 0;
    if (reply.status == REPLY_OK) {
        if (raw->type != REDIS_REPLY_ARRAY || raw->elements != 2 || raw->element[0]->type != REDIS_REPLY_STRING) {
            reply = caller_malformed();
        } else {
            const char *word = raw->element[0]->str;
            result = strcmp(word, "OK") == 0 ? RECORD_OK : strcmp(word, "HOLE") == 0 ? RECORD_HOLE : RECORD_STALE;
            last = caller_number_of(raw->element[1]);
        }
    }
    request->fn.record(request->arg, request->ticket, reply, result, last);
}

/* Which of `words` (NULL ends them) it is; -1: none. */
static int caller_word_of(const redisReply *raw, const char *const *words)
{
    if (raw->type == REDIS_REPLY_STRING)
        for (int i = 0; words[i]; i++)
            if (strcmp(raw->str, words[i]) == 0)
                return i;
    return -1;
}

static void caller_decode_attend(struct request *request, struct reply reply, const redisReply *raw)
{
    static const char *const roles[] = {"holder", "standby", "waiting", "anew", "gone", NULL};
    struct attend_reply attend = {0};
    if (reply.status == REPLY_OK) {
        bool is_whole = raw->type == REDIS_REPLY_ARRAY && raw->elements == 3;
        int role = is_whole ? caller_word_of(raw->element[0], roles) : -1;
        if (role < 0)
            reply = caller_malformed();
        else
            attend = (struct attend_reply){.role = (enum node_role)role,
                                           .era = caller_number_of(raw->element[1]),
                                           .last = caller_number_of(raw->element[2])};
    }
    request->fn.attend(request->arg, request->ticket, reply, attend);
}

static void caller_decode_leave(struct request *request, struct reply reply, const redisReply *raw)
{
    static const char *const results[] = {"left", "coming", "alone", NULL};
    int result = reply.status == REPLY_OK ? caller_word_of(raw, results) : 0;
    if (result < 0) {
        reply = caller_malformed();
        result = LEAVE_ALONE;
    }
    request->fn.leave(request->arg, request->ticket, reply, (enum leave_result)result);
}

static void caller_decode_inbox(struct request *request, struct reply reply, const redisReply *raw)
{
    struct inbox_reply inbox = {0};
    if (reply.status == REPLY_OK) {
        if (raw->type != REDIS_REPLY_ARRAY || raw->elements != 3 || raw->element[2]->type != REDIS_REPLY_STRING)
            reply = caller_malformed();
        else
            inbox = (struct inbox_reply){.done = caller_number_of(raw->element[0]),
                                         .rejected = caller_number_of(raw->element[1]),
                                         .why = {raw->element[2]->str, raw->element[2]->len}};
    }
    request->fn.inbox(request->arg, request->ticket, reply, inbox);
}

static void caller_decode_done(struct request *request, struct reply reply, const redisReply *raw)
{
    (void)raw;
    request->fn.done(request->arg, request->ticket, reply);
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static void caller_request_answer(struct request *request, struct reply reply, const redisReply *raw)
{
    struct caller *caller = request->caller;
    if (request->sent_ms)
        TAILQ_REMOVE(&caller->sent, request, next);
    else
        TAILQ_REMOVE(&caller->unsent, request, next);
    request->decode(request, reply, raw);
    free(request);
}

static void caller_on_reply(redisAsyncContext *context, void *raw, void *arg)
{
    struct request *request = arg;
    struct caller *caller = request->caller;
    const redisReply *reply = raw;
    (void)context;
    if (!reply) {
        caller_request_answer(request, (struct reply){REPLY_DOWN, "Redis is away"}, NULL);
    } else if (reply->type == REDIS_REPLY_ERROR) {
        bool lost_library = strstr(reply->str, "Function not found"); /* FUNCTION FLUSH: greeting loads it */
        caller_request_answer(request, (struct reply){REPLY_ERROR, reply->str}, NULL);
        if (lost_library && !caller->is_freeing)
            link_restart(caller->link, "the function library is gone");
    } else {
        caller_request_answer(request, (struct reply){REPLY_OK, ""}, reply);
    }
}

static void caller_answer_unsent(void *arg)
{
    struct caller *caller = arg;
    struct request *last = TAILQ_LAST(&caller->unsent, request_list), *request;
    bool is_last = !last;
    while (!is_last) { /* not those that are added by the way */
        request = TAILQ_FIRST(&caller->unsent);
        is_last = request == last;
        caller_request_answer(request, (struct reply){REPLY_DOWN, "Redis is away"}, NULL);
    }
}

static void caller_on_deadline(void *arg)
{
    struct caller *caller = arg;
    const struct request *oldest = TAILQ_FIRST(&caller->sent);
    if (!oldest)
        return;
    uint64_t age = clock_now_ms() - oldest->sent_ms;
    if (age < caller->config->deadline_ms)
        timer_start(caller->deadline, caller->config->deadline_ms - age);
    else
        link_restart(caller->link, "no answer within the deadline");
}

static struct request *caller_request_new(struct caller *caller, request_decode_fn decode, void *arg, uint64_t ticket)
{
    struct request *request = calloc(1, sizeof *request);
    CHECK(request); /* a few bytes; without them an answer would be owed for ever */
    request->caller = caller;
    request->decode = decode;
    request->arg = arg;
    request->ticket = ticket;
    return request;
}

/* Send it as this command: takes the request. */
static void caller_request_command(struct request *request, int argc, const char **argv, const size_t *lens)
{
    struct caller *caller = request->caller;
    redisAsyncContext *context = link_context(caller->link);
    if (context && redisAsyncCommandArgv(context, caller_on_reply, request, argc, argv, lens) == REDIS_OK) {
        if (TAILQ_EMPTY(&caller->sent))
            timer_start(caller->deadline, caller->config->deadline_ms);
        request->sent_ms = clock_now_ms();
        TAILQ_INSERT_TAIL(&caller->sent, request, next);
        return;
    }
    TAILQ_INSERT_TAIL(&caller->unsent, request, next);
    timer_start(caller->timer, 0);
}

/* FCALL function 1 <prefix>position args…: takes the request. */
static void caller_request_send(struct request *request, const char *function, const struct bytes *args, unsigned count)
{
    char name[LIBRARY_NAME_MAX];
    const char *position = request->caller->position;
    library_function(request->caller->config, function, name);
    const char **argv = malloc((count + 4) * sizeof *argv);
    size_t *lens = malloc((count + 4) * sizeof *lens);
    CHECK(argv && lens);
    argv[0] = "FCALL", lens[0] = 5;
    argv[1] = name, lens[1] = strlen(name);
    argv[2] = "1", lens[2] = 1;
    argv[3] = position, lens[3] = strlen(position);
    for (unsigned i = 0; i < count; i++)
        argv[i + 4] = args[i].data ? args[i].data : "", lens[i + 4] = args[i].len;
    caller_request_command(request, (int)count + 4, argv, lens);
    free(argv);
    free(lens);
}

static struct bytes caller_text_name(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

#define NUMBER_MAX 24
static struct bytes caller_number_name(char out[static NUMBER_MAX], uint64_t number)
{
    snprintf(out, NUMBER_MAX, "%" PRIu64, number);
    return caller_text_name(out);
}

/* Append `names` as the library wants them: 'c' and a channel, or 'p' and a pattern. false: no memory. */
static bool caller_marked_names(const struct bytes *names, unsigned count, struct bytes *out, char **storage)
{
    size_t total = 0;
    for (unsigned i = 0; i < count; i++)
        total += names[i].len + 1;
    char *at = *storage = malloc(total ? total : 1);
    if (!at)
        return false;
    for (unsigned i = 0; i < count; i++) {
        out[i] = (struct bytes){at, names[i].len + 1};
        *at++ = glob_is_pattern(names[i].data, names[i].len) ? 'p' : 'c';
        memcpy(at, names[i].data, names[i].len);
        at += names[i].len;
    }
    return true;
}

/* Send a request whose arguments are `head` and then the names. */
static void caller_request_send_names(struct request *request, const char *function, const struct bytes *head,
                                      unsigned heads, const struct bytes *names, unsigned count)
{
    char *storage = NULL;
    struct bytes *args = malloc((heads + count) * sizeof *args);
    CHECK(args && caller_marked_names(names, count, args + heads, &storage));
    memcpy(args, head, heads * sizeof *args);
    caller_request_send(request, function, args, heads + count);
    free(storage);
    free(args);
}

/* --- the functions ------------------------------------------------------------------------------------------------ */

void caller_publish(struct caller *caller, const struct publication *p, caller_position_fn fn, void *arg,
                    uint64_t ticket)
{
    struct request *request = caller_request_new(caller, caller_decode_position, arg, ticket);
    request->fn.position = fn;
    struct bytes args[] = {p->channel, p->payload, p->event, p->from, p->key};
    caller_request_send(request, "publish", args, 5);
}

void caller_publish_plain(struct caller *caller, struct bytes channel, struct bytes payload, caller_position_fn fn,
                          void *arg, uint64_t ticket)
{
    struct request *request = caller_request_new(caller, caller_decode_plain, arg, ticket);
    request->fn.position = fn;
    const char *argv[] = {"PUBLISH", channel.data, payload.data};
    size_t lens[] = {7, channel.len, payload.len};
    caller_request_command(request, 3, argv, lens);
}

void caller_beat(struct caller *caller, const char *worker, caller_position_fn fn, void *arg, uint64_t ticket)
{
    struct request *request = caller_request_new(caller, caller_decode_position, arg, ticket);
    request->fn.position = fn;
    struct bytes args[] = {caller_text_name(worker)};
    caller_request_send(request, "beat", args, 1);
}

static void caller_on_witnessed(void *arg, uint64_t ticket, struct reply reply, struct position lost)
{
    (void)arg, (void)ticket;
    if (reply.status == REPLY_OK && !position_is_begin(lost))
        log_error("redis_lost", "before=%s why=\"a crash or a failover lost what Redis had acknowledged\"",
                  POSITION_TEXT(lost));
}

void caller_witness(struct caller *caller, struct position position, struct bytes channel)
{
    struct request *request = caller_request_new(caller, caller_decode_position, NULL, 0);
    request->fn.position = caller_on_witnessed;
    struct bytes args[] = {caller_text_name(POSITION_TEXT(position)), channel};
    caller_request_send(request, "witness", args, 2);
}

void caller_newest(struct caller *caller, const struct bytes *names, unsigned count, unsigned newest,
                   caller_position_fn fn, void *arg, uint64_t ticket)
{
    struct request *request = caller_request_new(caller, caller_decode_position, arg, ticket);
    request->fn.position = fn;
    char number[NUMBER_MAX];
    struct bytes head[] = {caller_number_name(number, newest)};
    caller_request_send_names(request, "newest", head, 1, names, count);
}

void caller_read(struct caller *caller, const struct bytes *names, unsigned count, struct position after,
                 unsigned limit, caller_page_fn fn, void *arg, uint64_t ticket)
{
    struct request *request = caller_request_new(caller, caller_decode_page, arg, ticket);
    request->fn.page = fn;
    request->after = after;
    char number[NUMBER_MAX];
    struct bytes head[] = {caller_text_name(POSITION_TEXT(after)), caller_number_name(number, limit),
                           caller_text_name(PAGE_BYTES)};
    caller_request_send_names(request, "read", head, 3, names, count);
}

void caller_record(struct caller *caller, uint64_t era, uint64_t first, const struct bytes *channels,
                   const struct bytes *payloads, unsigned count, caller_record_fn fn, void *arg, uint64_t ticket)
{
    struct request *request = caller_request_new(caller, caller_decode_record, arg, ticket);
    request->fn.record = fn;
    char era_text[NUMBER_MAX], first_text[NUMBER_MAX];
    struct bytes *args = malloc((2 + 2 * (size_t)count) * sizeof *args);
    CHECK(args);
    args[0] = caller_number_name(era_text, era);
    args[1] = caller_number_name(first_text, first);
    for (unsigned i = 0; i < count; i++) {
        args[2 + 2 * i] = channels[i];
        args[3 + 2 * i] = payloads[i];
    }
    caller_request_send(request, "record", args, 2 + 2 * count);
    free(args);
}

void caller_attend(struct caller *caller, const struct attendance *a, caller_attend_fn fn, void *arg, uint64_t ticket)
{
    static const char *const claims[] = {"waiting", "joining", "synced"};
    struct request *request = caller_request_new(caller, caller_decode_attend, arg, ticket);
    request->fn.attend = fn;
    char lease[NUMBER_MAX], filter_hash[NUMBER_MAX], era[NUMBER_MAX], number[NUMBER_MAX];
    struct bytes args[] = {caller_text_name(a->node),
                           caller_number_name(lease, a->lease_ms),
                           caller_number_name(filter_hash, a->filter_hash),
                           caller_text_name(claims[a->claim]),
                           caller_number_name(era, a->era),
                           caller_number_name(number, a->number)};
    caller_request_send(request, "attend", args, 6);
}

void caller_sync(struct caller *caller, const char *node, uint64_t nonce, uint64_t filter_hash, caller_done_fn fn,
                 void *arg, uint64_t ticket)
{
    struct request *request = caller_request_new(caller, caller_decode_done, arg, ticket);
    request->fn.done = fn;
    char nonce_text[NUMBER_MAX], filter_text[NUMBER_MAX];
    struct bytes args[] = {caller_text_name(node), caller_number_name(nonce_text, nonce),
                           caller_number_name(filter_text, filter_hash)};
    caller_request_send(request, "sync", args, 3);
}

void caller_place(struct caller *caller, uint64_t era, struct bytes node, uint64_t nonce, uint64_t ordinal,
                  caller_done_fn fn, void *arg, uint64_t ticket)
{
    struct request *request = caller_request_new(caller, caller_decode_done, arg, ticket);
    request->fn.done = fn;
    char era_text[NUMBER_MAX], nonce_text[NUMBER_MAX], ordinal_text[NUMBER_MAX];
    struct bytes args[] = {caller_number_name(era_text, era), node, caller_number_name(nonce_text, nonce),
                           caller_number_name(ordinal_text, ordinal)};
    caller_request_send(request, "place", args, 4);
}

void caller_leave(struct caller *caller, const char *node, bool force, caller_leave_fn fn, void *arg, uint64_t ticket)
{
    struct request *request = caller_request_new(caller, caller_decode_leave, arg, ticket);
    request->fn.leave = fn;
    struct bytes args[] = {caller_text_name(node), caller_text_name(force ? "1" : "0")};
    caller_request_send(request, "leave", args, 2);
}

void caller_inbox_wait(struct caller *caller, uint64_t wait_ms, caller_done_fn fn, void *arg, uint64_t ticket)
{
    struct request *request = caller_request_new(caller, caller_decode_done, arg, ticket);
    request->fn.done = fn;
    char wait[NUMBER_MAX], key[NAMES_MAX];
    struct bytes words[] = {caller_text_name("XREAD"),
                            caller_text_name("COUNT"),
                            caller_text_name("1"),
                            caller_text_name("BLOCK"),
                            caller_number_name(wait, wait_ms),
                            caller_text_name("STREAMS"),
                            names_inbox(caller->config, key),
                            caller_text_name("0")};
    const char *argv[8];
    size_t lens[8];
    for (int i = 0; i < 8; i++)
        argv[i] = words[i].data, lens[i] = words[i].len;
    caller_request_command(request, 8, argv, lens);
}

void caller_inbox(struct caller *caller, const struct glob_list *served, const struct glob_list *ephemeral,
                  unsigned limit, caller_inbox_fn fn, void *arg, uint64_t ticket)
{
    struct request *request = caller_request_new(caller, caller_decode_inbox, arg, ticket);
    request->fn.inbox = fn;
    char number[NUMBER_MAX];
    struct bytes *args = malloc((3 + (size_t)served->count + ephemeral->count) * sizeof *args);
    CHECK(args);
    unsigned count = 0;
    args[count++] = caller_number_name(number, limit);
    args[count++] = caller_text_name(PAGE_BYTES);
    for (unsigned i = 0; i < served->count; i++)
        args[count++] = caller_text_name(served->globs[i]);
    args[count++] = caller_text_name("");
    for (unsigned i = 0; i < ephemeral->count; i++)
        args[count++] = caller_text_name(ephemeral->globs[i]);
    caller_request_send(request, "inbox", args, count);
    free(args);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void caller_up(void *arg)
{
    struct caller *caller = arg;
    caller->events.up(caller->arg);
}

static void caller_down(void *arg, const char *why)
{
    struct caller *caller = arg;
    caller->events.down(caller->arg, why);
}

bool caller_is_up(const struct caller *caller)
{
    return link_context(caller->link);
}

const char *caller_trouble(const struct caller *caller)
{
    return link_trouble(caller->link);
}

struct caller *caller_new(struct loop *loop, const struct redis_config *config, const char *role,
                          const struct caller_events *events, void *arg)
{
    static const struct link_events link_events = {caller_up, caller_down};
    struct caller *caller = calloc(1, sizeof *caller);
    if (!caller)
        return NULL;
    caller->config = config;
    names_position(config, caller->position);
    caller->events = *events;
    caller->arg = arg;
    TAILQ_INIT(&caller->sent);
    TAILQ_INIT(&caller->unsent);
    caller->timer = timer_new(loop, caller_answer_unsent, caller);
    caller->deadline = timer_new(loop, caller_on_deadline, caller);
    caller->link = caller->timer && caller->deadline ? link_new(loop, config, role, true, &link_events, caller) : NULL;
    if (!caller->link) {
        timer_free(caller->timer);
        timer_free(caller->deadline);
        free(caller);
        return NULL;
    }
    return caller;
}

void caller_free(struct caller *caller)
{
    if (!caller)
        return;
    caller->is_freeing = true;
    link_free(caller->link);
    caller_answer_unsent(caller);
    timer_free(caller->timer);
    timer_free(caller->deadline);
    free(caller);
}
