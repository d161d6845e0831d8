/*
 * history.c - ask the broker, wait, print.
 *
 *     {"entries":[<message>, …],"cursor":"…","more":false,"gaps":[{"channel":…,"after":…,"oldest":…,"reason":…}]}
 */
#include "history.h"

#include "broker/history.h"

#include "access/access.h"
#include "answer.h"
#include "ask.h"
#include "http/exchange.h"
#include "http/request.h"
#include "pending.h"
#include "server.h"
#include "wire/json.h"

#include <stdlib.h>

/* A request that waits for the broker. */
struct reading {
    struct exchange exchange; /* first */
    struct transport *transport;
    struct pending_list pendings;
};

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

static void history_send(struct reading *reading, const struct history *history)
{
    struct buffer body = {0};
    history_append(&body, history);
    struct response response = {.status = 200,
                                .type = CONTENT_JSON,
                                .body = {body.data, body.len},
                                .cors = answer_cors(reading->transport, reading->exchange.origin)};
    if (body.failed)
        connection_kill(&reading->exchange.connection);
    else
        exchange_answer(&reading->exchange, &response);
    buffer_fini(&body);
}

static void history_on_answered(void *arg, uint64_t ticket, enum answer answer, const struct history *history,
                                const char *text)
{
    struct transport *transport = arg;
    struct pending *pending = pending_find(&transport->pendings, ticket);
    (void)text;
    if (!pending)
        return; /* the browser did not wait */
    struct reading *reading = pending->owner;
    pending_free(&transport->pendings, pending);
    if (answer == ANSWER_OK) {
        history_send(reading, history);
        return;
    }
    struct response response = {.cors = answer_cors(transport, reading->exchange.origin)};
    answer_refusal_later(&reading->exchange, response, refusal_of(PROBLEM_UNAVAILABLE));
}

static void history_on_gone(struct exchange *exchange)
{
    struct reading *reading = (struct reading *)exchange;
    pending_drop_all(&reading->transport->pendings, &reading->pendings);
    free(reading);
}

static const struct exchange_ops history_exchange_ops = {.on_gone = history_on_gone};

static void history_ask(struct transport *transport, struct request *request, const struct ask *ask, unsigned limit)
{
    struct reading *reading = calloc(1, sizeof *reading);
    struct pending_note note = {0};
    if (!reading)
        return;
    reading->transport = transport;
    if (!exchange_open(&reading->exchange, &history_exchange_ops, request)) {
        free(reading);
        return;
    }
    struct pending *pending = pending_new(&transport->pendings, &reading->pendings, reading, &note);
    if (pending)
        broker_history(transport->broker, ask->channels, ask->count, &ask->start, limit, history_on_answered, transport,
                       pending->ticket);
    else
        connection_kill(&reading->exchange.connection);
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

void history_open(void *arg, struct request *request)
{
    struct transport *transport = arg;
    struct response response = {.cors = answer_cors(transport, request->origin)};
    struct ask ask;
    unsigned limit;
    struct refusal refusal = history_read_request(transport, request, &ask, &limit);
    if (refusal.problem)
        answer_refusal(request, response, refusal);
    else
        history_ask(transport, request, &ask, limit);
}
