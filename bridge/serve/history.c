/*
 * history.c - ask the broker, wait, print.
 *
 *     {"entries":[<message>, …],"cursor":"…","more":false,"gaps":[{"channel":…,"after":…,"oldest":…,"reason":…}]}
 */
#include "history.h"

#include "broker/history.h"

#include "access/access.h"
#include "ask.h"
#include "exchange.h"
#include "pending.h"
#include "request.h"
#include "response.h"
#include "server.h"
#include "wire/json.h"

#define RETRY_AFTER_S 2

static void history_append(struct buffer *out, const struct history *history)
{
    buffer_append_text(out, "{\"entries\":[");
    for (unsigned i = 0; i < history->count; i++) {
        if (i > 0)
            buffer_append_text(out, ",");
        wire_json_message(out, history->entries[i], NULL);
    }
    buffer_printf(out, "],\"cursor\":\"%s\",\"more\":%s,\"gaps\":[", CURSOR_TEXT(&history->cursor),
                  history->has_more ? "true" : "false");
    for (unsigned i = 0; i < history->gap_count; i++) {
        buffer_append_text(out, i > 0 ? ",{" : "{");
        wire_json_gap(out, &history->gaps[i]);
        buffer_append_text(out, "}");
    }
    buffer_append_text(out, "]}\n");
}

static void history_on_answered(void *arg, uint64_t ticket, enum answer answer, const struct history *history,
                                const char *text)
{
    struct transport *transport = arg;
    struct pending *pending = pending_find(&transport->pendings, ticket);
    (void)text;
    if (!pending)
        return; /* the browser did not wait */
    struct exchange *exchange = (struct exchange *)pending->owner;
    pending_free(&transport->pendings, pending);
    if (answer == ANSWER_OK) {
        history_append(&exchange->answer, history);
        exchange_answer(exchange, 200);
        return;
    }
    exchange->retry_after_s = RETRY_AFTER_S;
    exchange_refuse(exchange, 503, "unavailable", "Redis can't be reached");
}

static const struct connection_ops history_connection_ops = {
    .on_writable = exchange_on_writable,
    .on_closed = exchange_on_closed,
};

static int history_ask(struct transport *transport, struct lws *wsi, const struct request *request,
                       const struct ask *ask, unsigned limit)
{
    struct exchange *exchange = exchange_new(transport, wsi, request, &history_connection_ops);
    struct pending_note note = {0};
    if (!exchange)
        return -1;
    struct pending *pending =
        pending_new(&transport->pendings, &exchange->connection.pendings, &exchange->connection, &note);
    if (!pending)
        return -1;
    broker_history(transport->broker, ask->channels, ask->count, &ask->start, limit, history_on_answered, transport,
                   pending->ticket);
    return 0;
}

static struct refusal history_read_request(const struct transport *transport, const struct request *request,
                                           struct ask *ask, unsigned *limit)
{
    const struct transport_config *config = &transport->config;
    struct refusal refusal = ask_channels(ask, request, config->default_channels, config->max_channels);
    if (!refusal.problem)
        refusal = ask_check_rights(ask, config->access, &config->access->anonymous);
    if (!refusal.problem && ask->count == 0)
        refusal = refusal_because(PROBLEM_BAD_CHANNEL, "name a channel: /history?channel=public:news");
    if (!refusal.problem)
        refusal = ask_start(ask, request);
    return refusal.problem ? refusal : ask_limit(request, limit);
}

int history_open(struct transport *transport, struct lws *wsi, const struct request *request)
{
    struct response response = {.origin = request->origin, .is_head = request->method == METHOD_HEAD};
    struct ask ask;
    unsigned limit;
    struct refusal refusal = history_read_request(transport, request, &ask, &limit);
    if (!refusal.problem)
        return history_ask(transport, wsi, request, &ask, limit);
    response.status = refusal.problem->status;
    return response_send_error(transport, wsi, response, refusal.problem->code, refusal.text);
}
