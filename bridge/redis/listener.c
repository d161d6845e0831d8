/*
 * listener.c - the pub/sub connection: passes on what Redis pushes, in the order in which it arrives.
 *
 * hiredis calls a subscription's callback for its confirmation and for every message, and with NULL when the connection
 * dies. NULL is ignored here, because the link reports `down` for the whole connection. An error reply (the Redis user
 * may not subscribe to that channel) makes hiredis close the connection, with the error as the reason.
 */
#include "redis/listener.h"

#include "answer.h"
#include "link.h"
#include "redis/names.h"

#include <stdlib.h>
#include <string.h>

struct listener {
    struct link *link;
    struct listener_events events;
    void *arg;
    bool is_freeing;
};

static void listener_hear(struct listener *listener, struct bytes pattern, struct bytes channel,
                          const redisReply *payload)
{
    struct heard heard = {.pattern = pattern, .channel = channel};
    if (answer_bytes(payload, &heard.payload))
        listener->events.message(listener->arg, &heard);
}

static void listener_on_push(redisAsyncContext *context, void *raw, void *arg)
{
    struct listener *listener = arg;
    const redisReply *reply = raw;
    if (!reply || !context->data || listener->is_freeing || reply->type != REDIS_REPLY_ARRAY || reply->elements < 3)
        return;
    redisReply *const *part = reply->element;
    struct bytes kind, name, channel;
    if (!answer_bytes(part[0], &kind) || !answer_bytes(part[1], &name))
        return;
    if (bytes_is(kind, "message"))
        listener_hear(listener, (struct bytes){0}, name, part[2]);
    else if (bytes_is(kind, "pmessage") && reply->elements == 4 && answer_bytes(part[2], &channel))
        listener_hear(listener, name, channel, part[3]);
    else if (bytes_is(kind, "subscribe"))
        listener->events.confirmed(listener->arg, false, name);
    else if (bytes_is(kind, "psubscribe"))
        listener->events.confirmed(listener->arg, true, name);
}

static void listener_up(void *arg)
{
    struct listener *listener = arg;
    listener->events.up(listener->arg);
}

static void listener_down(void *arg, const char *why)
{
    struct listener *listener = arg;
    listener->events.down(listener->arg, why);
}

static void listener_send(struct listener *listener, const char *verb, struct bytes name)
{
    redisAsyncContext *context = link_context(listener->link);
    if (!context)
        return;
    const char *argv[] = {verb, name.data};
    size_t lens[] = {strlen(verb), name.len};
    if (redisAsyncCommandArgv(context, listener_on_push, listener, 2, argv, lens) != REDIS_OK)
        link_restart(listener->link, "a subscription could not be sent");
}

void listener_subscribe(struct listener *listener, bool is_pattern, struct bytes name)
{
    listener_send(listener, is_pattern ? "PSUBSCRIBE" : "SUBSCRIBE", name);
}

void listener_unsubscribe(struct listener *listener, bool is_pattern, struct bytes name)
{
    listener_send(listener, is_pattern ? "PUNSUBSCRIBE" : "UNSUBSCRIBE", name);
}

void listener_subscribe_aware(struct listener *listener, const struct redis_config *config)
{
    char name[NAMES_MAX], space[NAMES_SPACE_MAX];
    if (*names_space(config, space))
        return;
    listener_subscribe(listener, false, names_aware(config, false, name));
    if (names_is_shared(config))
        listener_subscribe(listener, false, names_aware(config, true, name));
}

void listener_hear_more(struct listener *listener)
{
    link_read(listener->link);
}

bool listener_is_up(const struct listener *listener)
{
    return link_context(listener->link);
}

const char *listener_trouble(const struct listener *listener)
{
    return link_trouble(listener->link);
}

void listener_restart(struct listener *listener, const char *why)
{
    link_restart(listener->link, why);
}

struct listener *listener_new(struct loop *loop, const struct redis_config *config, const char *role,
                              const struct listener_events *events, void *arg)
{
    static const struct link_events link_events = {listener_up, listener_down};
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return NULL;
    listener->events = *events;
    listener->arg = arg;
    listener->link = link_new(loop, config, role, false, &link_events, listener);
    if (!listener->link) {
        free(listener);
        return NULL;
    }
    return listener;
}

void listener_free(struct listener *listener)
{
    if (!listener)
        return;
    listener->is_freeing = true;
    link_free(listener->link);
    free(listener);
}
