/*
 * history.c - asks the broker, waits, prints the answer.
 *
 *     {"entries":[<message>, …],"cursor":"…","more":false,"gaps":[{"channel":…,"after":…,"oldest":…,"reason":…}]}
 */
#include "history.h"

#include "ask.h"
#include "http/request.h"
#include "parts.h"
#include "wire/json.h"

static void history_append_entries(struct buffer *out, const struct history *history)
{
    bool is_first = true;
    for (unsigned i = 0; i < history->count; i++) {
        if (history->entries[i]->is_marker)
            continue;
        buffer_append_text(out, is_first ? "" : ",");
        wire_json_message(out, history->entries[i], NULL);
        is_first = false;
    }
}

static void history_append_gap(struct buffer *out, const struct gap *gap, bool is_first)
{
    buffer_append_text(out, is_first ? "{" : ",{");
    wire_json_gap(out, gap);
    buffer_append_text(out, "}");
}

static void history_append_gaps(struct buffer *out, const struct history *history)
{
    bool is_first = true;
    for (unsigned i = 0; i < history->gap_count; i++) {
        history_append_gap(out, &history->gaps[i], is_first);
        is_first = false;
    }
    for (unsigned i = 0; i < history->count; i++) {
        if (!history->entries[i]->is_marker)
            continue;
        struct gap gap = entry_gap(history->entries[i]);
        history_append_gap(out, &gap, is_first);
        is_first = false;
    }
}

static void history_append(struct buffer *out, const struct history *history)
{
    buffer_append_text(out, "{\"entries\":[");
    history_append_entries(out, history);
    buffer_printf(out, "],\"cursor\":\"%s\",\"more\":%s,\"gaps\":[", CURSOR_TEXT(&history->cursor),
                  history->has_more ? "true" : "false");
    history_append_gaps(out, history);
    buffer_append_text(out, "]}\n");
}

static void history_on_history(struct session *session, struct refusal refusal, const struct history *history)
{
    struct errand *errand = errand_of(session);
    struct buffer body = {0};
    if (refusal.problem) {
        errand_refuse(errand, refusal);
        return;
    }
    history_append(&body, history);
    if (body.failed)
        errand_fail(errand);
    else
        errand_answer(errand, (struct response){.status = 200, .type = CONTENT_JSON, .body = {body.data, body.len}});
    buffer_fini(&body);
}

static const struct session_ops history_session_ops = {.on_history = history_on_history};

static void history_refuse(struct incoming *incoming, struct refusal refusal)
{
    incoming_refuse(incoming, refusal, false);
}

static struct refusal history_read_request(const struct incoming *incoming, struct ask *ask, unsigned *limit)
{
    struct refusal refusal = session_read_channels(&incoming->server->sessions, incoming->who, incoming->request, ask);
    if (!refusal.problem && ask->count == 0)
        refusal = refusal_because(PROBLEM_BAD_CHANNEL, "a channel is needed: /history?channel=public:news");
    if (!refusal.problem)
        refusal = ask_start(ask, incoming->request);
    return refusal.problem ? refusal : ask_limit(incoming->request, limit);
}

static void history_enter(struct incoming *incoming)
{
    struct ask ask;
    unsigned limit;
    struct refusal refusal = history_read_request(incoming, &ask, &limit);
    if (refusal.problem) {
        history_refuse(incoming, refusal);
        return;
    }
    struct errand *errand = incoming_wait(incoming, &history_session_ops);
    if (errand && session_history(&errand->session, &ask, limit).problem)
        errand_fail(errand);
}

const struct incoming_kind history_incoming = {.enter = history_enter, .refuse = history_refuse};
