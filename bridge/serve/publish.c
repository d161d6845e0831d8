/*
 * publish.c - POST /publish: check what can be checked before the body comes, gather the body, hand it on, wait.
 */
#include "publish.h"

#include "access/origin.h"
#include "access/rights.h"
#include "base/log.h"
#include "exchange.h"
#include "request.h"
#include "response.h"
#include "server.h"
#include "wire/sse.h"

#include <string.h>

#define KEY_MAX 128
#define DISCARD_MAX (8u << 20) /* a body that is not wanted is read to its end; a longer one ends the connection */
#define RETRY_AFTER_S 2

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
    struct connection *owner = pending->owner;
    owner->ops->on_published(owner, pending, &result);
    /* The owner is still there: nobody is freed but from lws's callbacks. */
    pending_free(&transport->pendings, pending);
}

bool publish_start(struct transport *transport, struct connection *connection, const struct message *message,
                   const struct pending_note *note)
{
    struct pending *pending = pending_new(&transport->pendings, &connection->pendings, connection, note);
    if (!pending)
        return false;
    broker_publish(transport->broker, message, publish_on_answer, transport, pending->ticket);
    return true;
}

/* --- POST --------------------------------------------------------------------------------------------------------- */

static void publish_on_published(struct connection *connection, const struct pending *pending,
                                 const struct publication *result)
{
    struct exchange *exchange = (struct exchange *)connection;
    (void)pending;
    switch (result->answer) {
    case ANSWER_OK:
        buffer_append_text(&exchange->answer, "{\"id\":");
        publish_id_append(&exchange->answer, result->position);
        buffer_append_text(&exchange->answer, "}\n");
        exchange_answer(exchange, 200);
        break;
    case ANSWER_UNAVAILABLE:
        exchange->retry_after_s = RETRY_AFTER_S;
        exchange_refuse(exchange, 503, "unavailable", "Redis can't be reached; it is not known to be recorded");
        break;
    case ANSWER_REFUSED:
        log_warn("publish_refused", "text=\"%s\"", LOG_TEXT(result->text, strlen(result->text)));
        exchange->retry_after_s = RETRY_AFTER_S;
        exchange_refuse(exchange, 503, "unavailable", "Redis refused to record it");
        break;
    }
}

static int publish_hand_on(struct exchange *exchange)
{
    struct message message = {.channel = exchange->channel,
                              .payload = {exchange->body.len > 0 ? exchange->body.data : "", exchange->body.len},
                              .event = exchange->event,
                              .key = exchange->key};
    struct pending_note note = {0};
    exchange->is_whole = true;
    if (exchange->body.failed)
        return -1;
    return publish_start(exchange->connection.transport, &exchange->connection, &message, &note) ? 0 : -1;
}

/*
 * lws (4.3.5) hands over all that it has read, also what comes behind the announced length: a request sent ahead of our
 * answer. HTTP allows that, no browser does it, and lws has lost count by then; so what is too much is dropped, and the
 * connection closes after the answer.
 */
static int publish_on_body(struct connection *connection, char *bytes, size_t len)
{
    struct exchange *exchange = (struct exchange *)connection;
    size_t missing = (size_t)exchange->length - exchange->body.len;
    exchange->is_surplus |= len > missing;
    if (exchange->is_whole)
        return 0;
    buffer_append(&exchange->body, bytes, len < missing ? len : missing);
    return len >= missing ? publish_hand_on(exchange) : exchange->body.failed ? -1 : 0;
}

static const struct connection_ops publish_connection_ops = {
    .on_writable = exchange_on_writable,
    .on_input = publish_on_body,
    .on_published = publish_on_published,
    .on_closed = exchange_on_closed,
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
    if (origin_check(access, bytes_of(request->origin)) == ORIGIN_REFUSED)
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

static int publish_refuse(struct transport *transport, struct lws *wsi, const struct request *request,
                          struct refusal refusal)
{
    struct response response = {.status = refusal.problem->status, .origin = request->origin};
    if (response.status == 503)
        response.retry_after_s = RETRY_AFTER_S;
    response.is_last = request->is_chunked || !request->has_length || request->length > DISCARD_MAX;
    return response_send_error(transport, wsi, response, refusal.problem->code, refusal.text);
}

static struct bytes publish_keep(struct buffer *buffer, struct bytes name)
{
    struct bytes kept = {buffer->data + buffer->len, name.len};
    buffer_append(buffer, name.data, name.len);
    return kept;
}

/* The request's memory goes with the request; the exchange keeps what it needs. */
static bool publish_keep_address(struct exchange *exchange, const struct address *from)
{
    if (!buffer_reserve(&exchange->names, from->channel.len + from->event.len + from->key.len + 1))
        return false;
    exchange->channel = publish_keep(&exchange->names, from->channel);
    exchange->event = publish_keep(&exchange->names, from->event);
    exchange->key = publish_keep(&exchange->names, from->key);
    return true;
}

int publish_open(struct transport *transport, struct lws *wsi, const struct request *request)
{
    struct address address;
    struct refusal refusal = publish_check(transport, request, &address);
    if (refusal.problem)
        return publish_refuse(transport, wsi, request, refusal);
    struct exchange *exchange = exchange_new(transport, wsi, request, &publish_connection_ops);
    return exchange && publish_keep_address(exchange, &address) ? 0 : -1;
}
