/*
 * question.c - questions are found by ticket: one may have been dropped before its answer comes.
 */
#include "question.h"

#include "redis/page.h"
#include "shard.h"

#include <stdlib.h>

struct question {
    UT_hash_handle by_ticket;
    uint64_t ticket;
    struct broker *broker;
    question_fn fn;
    void *arg;
};

void question_drop(struct question *question)
{
    if (!question)
        return;
    HASH_DELETE(by_ticket, question->broker->asking, question);
    free(question);
}

static void question_on_answer(void *arg, uint64_t ticket, struct reply reply, struct position position)
{
    struct broker *broker = arg;
    struct question *question;
    HASH_FIND(by_ticket, broker->asking, &ticket, sizeof ticket, question);
    if (!question)
        return;
    question_fn fn = question->fn;
    void *asker = question->arg;
    question_drop(question);
    fn(asker, reply.status == REPLY_OK, position);
}

struct question *question_ask(struct shard *shard, const struct bytes *names, unsigned count, unsigned newest,
                              question_fn fn, void *arg)
{
    struct broker *broker = shard->broker;
    struct question *question = caller_is_up(shard->caller) ? calloc(1, sizeof *question) : NULL;
    if (!question)
        return NULL;
    *question = (struct question){.ticket = ++broker->last_ticket, .broker = broker, .fn = fn, .arg = arg};
    HASH_ADD(by_ticket, broker->asking, ticket, sizeof question->ticket, question);
    caller_newest(shard->caller, names, count, newest, question_on_answer, broker, question->ticket);
    return question;
}
