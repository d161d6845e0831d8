/*
 * publish.c - POST /publish: check what can be checked before the body comes, gather the body, hand it on, wait.
 */
#include "publish.h"

#include "access/origin.h"
#include "access/rights.h"
#include "answer.h"
#include "base/log.h"
#include "http/exchange.h"
#include "http/request.h"
#include "server.h"
#include "wire/sse.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX 128
#define DISCARD_MAX (8u << 20) /* a body that is not wanted is read to its end; a longer one ends the connection */

/* --- wherever it comes from --------------------------------------------------------------------------------------- */

const char *publish_event_error(struct bytes event)
{
    if (event.len == 0)
        return NULL;
    if (wire_sse_is_reserved(event))
        return "cursor and gap are the bridge's own names";
    return channel_name_error(event.data, event.len);
}

void publish_id_append(struct buffer *out, struct position position)
{
    if (position_is_begin(position))
        buffer_append_text(out, "null");
    else
        buffer_printf(out, "\"%s\"", POSITION_TEXT(position));
}

static void publish_on_answer(void *arg, uint64_t ticket, enum answer answer, struct position position,
                              const char *text)
{
    struct transport *transport = arg;
    struct pending *pending = pending_find(&transport->pendings, ticket);
    struct publication result = {answer, position, text ? text : ""};
    if (!pending) {
        log_debug("answer_to_nobody", "ticket=%llu", (unsigned long long)ticket);
        return;
    }
    struct publisher *publisher = pending->owner;
    publisher->on_published(publisher->owner, pending, &result);
    /* The publisher is still there: nobody is freed but from what http reports. */
    pending_free(&transport->pendings, pending);
}

bool publish_start(struct transport *transport, struct publisher *publisher, const struct message *message,
                   const struct pending_note *note)
{
    struct pending *pending = pending_new(&transport->pendings, &publisher->pendings, publisher, note);
    if (!pending)
        return false;
    broker_publish(transport->broker, message, publish_on_answer, transport, pending->ticket);
    return true;
}

/* --- POST --------------------------------------------------------------------------------------------------------- */

/* A request that waits for its body, then for the broker. */
struct post {
    struct exchange exchange; /* first */
    struct transport *transport;
    struct publisher publisher;
    struct buffer names; /* what the next three point into */
    struct bytes channel, event, key;
};

static void publish_acknowledge(struct post *post, struct position position)
{
    struct buffer body = {0};
    buffer_append_text(&body, "{\"id\":");
    publish_id_append(&body, position);
    buffer_append_text(&body, "}\n");
    struct response response = {.status = 200,
                                .type = CONTENT_JSON,
                                .body = {body.data, body.failed ? 0 : body.len},
                                .cors = answer_cors(post->transport, post->exchange.origin)};
    exchange_answer(&post->exchange, &response);
    buffer_fini(&body);
}

static void publish_refuse_later(struct post *post, const char *text)
{
    struct response response = {.cors = answer_cors(post->transport, post->exchange.origin)};
    answer_refusal_later(&post->exchange, response, refusal_because(PROBLEM_UNAVAILABLE, text));
}

static void publish_on_published(void *owner, const struct pending *pending, const struct publication *result)
{
    struct post *post = owner;
    (void)pending;
    switch (result->answer) {
    case ANSWER_OK:
        publish_acknowledge(post, result->position);
        break;
    case ANSWER_UNAVAILABLE:
        publish_refuse_later(post, "Redis can't be reached; it is not known to be recorded");
        break;
    case ANSWER_REFUSED:
        log_warn("publish_refused", "connection=%s text=\"%s\"", CONNECTION_ID(&post->exchange.connection),
                 LOG_TEXT(result->text, strlen(result->text)));
        publish_refuse_later(post, "Redis refused to record it");
        break;
    }
}

static void publish_on_body(struct exchange *exchange, struct bytes body)
{
    struct post *post = (struct post *)exchange;
    struct message message = {.channel = post->channel, .payload = body, .event = post->event, .key = post->key};
    struct pending_note note = {0};
    if (!publish_start(post->transport, &post->publisher, &message, &note))
        connection_kill(&exchange->connection);
}

static void publish_free(struct post *post)
{
    buffer_fini(&post->names);
    free(post);
}

static void publish_on_gone(struct exchange *exchange)
{
    struct post *post = (struct post *)exchange;
    pending_drop_all(&post->transport->pendings, &post->publisher.pendings);
    publish_free(post);
}

static const struct exchange_ops publish_exchange_ops = {
    .on_body = publish_on_body,
    .on_gone = publish_on_gone,
};

static bool publish_read_channel(const struct request *request, struct bytes *channel)
{
    unsigned count = 0;
    for (unsigned i = 0; i < request->arg_count; i++) {
        if (!bytes_is(request->args[i].name, "channel"))
            continue;
        *channel = request->args[i].value;
        count++;
    }
    return count == 1;
}

static struct refusal publish_check_size(const struct transport *transport, const struct request *request)
{
    if (request->is_chunked || !request->has_length)
        return refusal_of(PROBLEM_LENGTH_REQUIRED);
    if (request->length > transport->config.max_payload)
        return refusal_because(PROBLEM_TOO_LARGE, "the payload is larger than this server takes");
    return REFUSAL_NONE;
}

/* What the URL says. */
struct address {
    struct bytes channel, event, key;
};

static struct refusal publish_check(const struct transport *transport, const struct request *request,
                                    struct address *out)
{
    const struct access *access = transport->config.access;
    struct refusal refusal = publish_check_size(transport, request);
    *out = (struct address){.event = {"", 0}, .key = {"", 0}};
    request_arg(request, "event", &out->event);
    request_arg(request, "key", &out->key);
    if (refusal.problem)
        return refusal;
    if (origin_check(access, request->origin) == ORIGIN_REFUSED)
        return refusal_because(PROBLEM_FORBIDDEN, "pages of this origin may not publish here");
    if (!publish_read_channel(request, &out->channel))
        return refusal_because(PROBLEM_BAD_CHANNEL, "name one channel: /publish?channel=public:chat");
    refusal = rights_publish(access, &access->anonymous, out->channel);
    if (refusal.problem)
        return refusal;
    if (publish_event_error(out->event) || out->key.len > KEY_MAX)
        return refusal_because(PROBLEM_BAD_REQUEST, "event is a name like a channel's, key has up to 128 bytes");
    return transport->drain ? refusal_because(PROBLEM_LEAVING, "this instance is going; try again") : REFUSAL_NONE;
}

static void publish_refuse(const struct transport *transport, struct request *request, struct refusal refusal)
{
    struct response response = {
        .cors = answer_cors(transport, request->origin),
        .is_last = request->is_chunked || !request->has_length || request->length > DISCARD_MAX,
    };
    answer_refusal(request, response, refusal);
}

static struct bytes publish_keep(struct buffer *buffer, struct bytes name)
{
    struct bytes kept = {buffer->data + buffer->len, name.len};
    buffer_append(buffer, name.data, name.len);
    return kept;
}

/* The request's memory goes with the request. */
static bool publish_keep_address(struct post *post, const struct address *from)
{
    if (!buffer_reserve(&post->names, from->channel.len + from->event.len + from->key.len + 1))
        return false;
    post->channel = publish_keep(&post->names, from->channel);
    post->event = publish_keep(&post->names, from->event);
    post->key = publish_keep(&post->names, from->key);
    return true;
}

static void publish_wait_for_body(struct transport *transport, struct request *request, const struct address *address)
{
    struct post *post = calloc(1, sizeof *post);
    if (!post)
        return;
    post->transport = transport;
    post->publisher = (struct publisher){.on_published = publish_on_published, .owner = post};
    if (!publish_keep_address(post, address) || !exchange_open(&post->exchange, &publish_exchange_ops, request))
        publish_free(post);
}

void publish_open(void *arg, struct request *request)
{
    struct transport *transport = arg;
    struct address address;
    struct refusal refusal = publish_check(transport, request, &address);
    if (refusal.problem)
        publish_refuse(transport, request, refusal);
    else
        publish_wait_for_body(transport, request, &address);
}
