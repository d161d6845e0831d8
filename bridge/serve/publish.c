/*
 * publish.c - checks what can be checked before the body comes, receives the body, publishes it, waits for the answer.
 */
#include "publish.h"

#include "access/origin.h"
#include "access/rights.h"
#include "http/request.h"
#include "parts.h"
#include "wire/json.h"

#define DISCARD_MAX (8u << 20) /* of a refused body: it is read and dropped; if longer, the connection is closed */

/* --- the answer --------------------------------------------------------------------------------------------------- */

static void publish_acknowledge(struct errand *errand, struct position position)
{
    struct buffer body = {0};
    buffer_append_text(&body, "{\"id\":");
    wire_json_id(&body, position);
    buffer_append_text(&body, "}\n");
    struct response response = {.status = 200, .type = CONTENT_JSON, .body = {body.data, body.failed ? 0 : body.len}};
    errand_answer(errand, response);
    buffer_fini(&body);
}

static void publish_on_published(struct session *session, struct bytes ref, struct refusal refusal,
                                 struct position position)
{
    (void)ref;
    if (refusal.problem)
        errand_refuse(errand_of(session), refusal);
    else
        publish_acknowledge(errand_of(session), position);
}

static const struct session_ops publish_session_ops = {.on_published = publish_on_published};

static void publish_on_body(struct errand *errand)
{
    errand->message.payload = errand->body;
    struct refusal refusal = session_publish(&errand->session, &errand->message, BYTES(""));
    if (refusal.problem == problem_of(PROBLEM_NO_MEMORY))
        errand_fail(errand);
    else if (refusal.problem)
        errand_refuse(errand, refusal);
}

/* --- what the URL says -------------------------------------------------------------------------------------------- */

static struct refusal publish_check(const struct server *server, const struct request *request)
{
    if (request->is_chunked || !request->has_length)
        return refusal_of(PROBLEM_LENGTH_REQUIRED);
    if (request->length > server->config.max_payload)
        return refusal_too_large(server->config.max_payload);
    return REFUSAL_NONE;
}

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

static struct refusal publish_read_request(const struct incoming *incoming, struct message *message)
{
    const struct sessions *all = &incoming->server->sessions;
    const struct request *request = incoming->request;
    *message = (struct message){.event = BYTES(""), .from = BYTES(""), .key = BYTES("")};
    request_arg(request, "event", &message->event);
    request_arg(request, "key", &message->key);
    if (origin_check(all->access, request->origin) == ORIGIN_REFUSED)
        return refusal_about(PROBLEM_FORBIDDEN, "pages of %s may not publish (BRIDGE_ORIGINS)", request->origin);
    if (!publish_read_channel(request, &message->channel))
        return refusal_because(PROBLEM_BAD_CHANNEL, "exactly one channel is needed: /publish?channel=public:chat");
    struct refusal refusal = rights_publish(all->access, incoming->who, message->channel);
    if (refusal.problem)
        return refusal;
    if (!session_event_is_good(message->event))
        return refusal_because(PROBLEM_BAD_REQUEST, problem_of(PROBLEM_BAD_EVENT)->sentence);
    if (message->key.len > MESSAGE_KEY_MAX)
        return refusal_because(PROBLEM_BAD_REQUEST, "key may have at most 128 bytes");
    if (incoming->server->drain)
        return refusal_because(PROBLEM_LEAVING, "this instance is shutting down; publish again");
    return REFUSAL_NONE;
}

/* --- the request -------------------------------------------------------------------------------------------------- */

static void publish_refuse(struct incoming *incoming, struct refusal refusal)
{
    const struct request *request = incoming->request;
    incoming_refuse(incoming, refusal, request->is_chunked || !request->has_length || request->length > DISCARD_MAX);
}

static struct bytes publish_keep(struct buffer *buffer, struct bytes name)
{
    struct bytes kept = {buffer->data + buffer->len, name.len};
    buffer_append(buffer, name.data, name.len);
    return kept;
}

/* Copy what the message points to: the request is freed when its handler returns. */
static bool publish_keep_message(struct errand *errand, const struct message *message)
{
    struct buffer *text = &errand->text;
    if (!buffer_reserve(text, message->channel.len + message->event.len + message->key.len + 1))
        return false;
    errand->message = (struct message){.channel = publish_keep(text, message->channel),
                                       .event = publish_keep(text, message->event),
                                       .from = message->from,
                                       .key = publish_keep(text, message->key)};
    return true;
}

static void publish_enter(struct incoming *incoming)
{
    struct message message;
    struct refusal refusal = publish_read_request(incoming, &message);
    if (refusal.problem) {
        publish_refuse(incoming, refusal);
        return;
    }
    struct errand *errand = incoming_wait(incoming, &publish_session_ops);
    if (!errand)
        return;
    if (!publish_keep_message(errand, &message))
        errand_fail(errand);
    else if (errand->has_body)
        publish_on_body(errand);
}

const struct incoming_kind publish_incoming = {
    .check = publish_check,
    .enter = publish_enter,
    .refuse = publish_refuse,
    .on_body = publish_on_body,
};
