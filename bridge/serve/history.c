/*
 * history.c - ask the broker, wait, print.
 *
 *     {"entries":[<message>, …],"cursor":"…","more":false,"gaps":[{"channel":…,"after":…,"oldest":…,"reason":…}]}
 */
#include "history.h"

#include "admit.h"
#include "exchange.h"
#include "pending.h"
#include "request.h"
#include "response.h"
#include "server.h"
#include "start.h"
#include "wire/json.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000
#define RETRY_AFTER_S 2

static void history_append(struct buffer *out, const struct history *history)
{
    buffer_append_text(out, "{\"entries\":[");
    for (unsigned i = 0; i < history->count; i++) {
        if (i > 0)
            buffer_append_text(out, ",");
        wire_json_message(out, history->entries[i]);
    }
    buffer_printf(out, "],\"cursor\":\"%s\",\"more\":%s,\"gaps\":[", POSITION_TEXT(history->cursor),
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

/* false: it is no number from 1 on */
static bool history_read_limit(const struct request *request, unsigned *limit)
{
    struct bytes value;
    *limit = LIMIT_DEFAULT;
    if (!request_arg(request, "limit", &value) || value.len == 0)
        return true;
    *limit = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return false;
        if (*limit < LIMIT_MAX)
            *limit = *limit * 10 + (unsigned)(value.data[i] - '0');
    }
    if (*limit > LIMIT_MAX)
        *limit = LIMIT_MAX;
    return *limit > 0;
}

static int history_ask(struct transport *transport, struct lws *wsi, const struct request *request,
                       const struct channel_list *list, const struct start *start, unsigned limit)
{
    struct exchange *exchange = exchange_new(transport, wsi, request, &history_connection_ops);
    struct pending_note note = {0};
    if (!exchange)
        return -1;
    struct pending *pending =
        pending_new(&transport->pendings, &exchange->connection.pendings, &exchange->connection, &note);
    if (!pending)
        return -1;
    broker_history(transport->broker, list->names, list->count, start, limit, history_on_answered, transport,
                   pending->ticket);
    return 0;
}

int history_open(struct transport *transport, struct lws *wsi, const struct request *request)
{
    struct response response = {.status = 400, .origin = request->origin, .is_head = request->method == METHOD_HEAD};
    struct channel_list list;
    struct start start;
    unsigned limit;
    struct refusal refusal = admit_channels(&transport->config, &identity_anonymous, request, &list);
    const char *bad_start = start_read(request, &start);
    if (!refusal.code && list.count == 0)
        refusal = (struct refusal){"bad_channel", "name a channel: /history?channel=public:news"};
    if (!refusal.code && bad_start)
        refusal = (struct refusal){"bad_cursor", bad_start};
    if (!refusal.code && !history_read_limit(request, &limit))
        refusal = (struct refusal){"bad_limit", "limit is a number from 1 to 1000"};
    if (refusal.code) {
        response.status = refusal_status(refusal);
        return response_send_error(transport, wsi, response, refusal.code, refusal.message);
    }
    return history_ask(transport, wsi, request, &list, &start, limit);
}
