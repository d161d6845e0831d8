/*
 * publish.c - sends a message to its channel's shard: to be recorded, or just as PUBLISH if the channel has no history.
 */
#include "broker/publish.h"

#include "answer.h"
#include "redis/publish.h"
#include "shard.h"
#include "words/keyslot.h"

#include <stdlib.h>

struct publishing {
    struct broker *broker;
    publish_fn fn;
    void *arg;
    uint64_t ticket;
};

static void publish_on_answer(void *arg, uint64_t ticket, struct reply reply, struct position position)
{
    struct publishing *publishing = arg;
    (void)ticket;
    publishing->broker->publishing--;
    if (reply.status == REPLY_ERROR)
        complaint_hear(&publishing->broker->refused, "publish_refused", reply.text);
    if (!publishing->broker->is_freeing)
        publishing->fn(publishing->arg, publishing->ticket, answer_of(reply), position);
    free(publishing);
}

void broker_publish(struct broker *broker, const struct message *message, publish_fn fn, void *arg, uint64_t ticket)
{
    struct publishing *publishing = malloc(sizeof *publishing);
    struct bytes channel = message->channel;
    unsigned count = broker->config.shard_count;
    struct shard *shard = &broker->shards[count == 1 ? 0 : keyslot_shard(channel, count)];
    CHECK(publishing);
    *publishing = (struct publishing){broker, fn, arg, ticket};
    broker->publishing++;
    if (glob_list_match(broker->config.ephemeral, channel.data, channel.len) >= 0)
        caller_publish_plain(shard->caller, channel, message->payload, publish_on_answer, publishing, 0);
    else
        caller_publish(shard->caller, message, publish_on_answer, publishing, 0);
}

unsigned broker_publishing(const struct broker *broker)
{
    return broker->publishing;
}
