/*
 * sse.c - one EventSource: the head at once, a first block as soon as the broker knows the cursor, entries, heartbeats,
 *         a farewell block.
 *
 * EventSource gives up for good on any status but 200. So if a retry can help (overload, a drain), the answer is a
 * stream that ends at once, with `retry:` saying when to reconnect; if it can't, the answer is an error status.
 */
#include "sse.h"

#include "ask.h"
#include "base/clock.h"
#include "http/request.h"
#include "parts.h"
#include "stream.h"
#include "wire/format.h"
#include "wire/sse.h"

#include <stdlib.h>

#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 5000
#define RETRY_LATER_MS 15000 /* after a refusal */

static const struct response sse_head = {.status = 200, .type = CONTENT_EVENTS};

static unsigned sse_retry_ms(unsigned most_ms)
{
    return (unsigned)(RETRY_MIN_MS + random_below(most_ms - RETRY_MIN_MS + 1));
}

/* --- what the broker sends ---------------------------------------------------------------------------------------- */

static enum sink_result sse_on_cursor(void *sink, const struct cursor *cursor)
{
    struct buffer *block = stream_scratch(sink);
    wire_sse_retry(block, sse_retry_ms(RETRY_MAX_MS));
    wire_sse_cursor(block, cursor);
    return stream_send(sink);
}

static enum sink_result sse_on_gap(void *sink, const struct gap *gap)
{
    wire_sse_gap(stream_scratch(sink), gap);
    return stream_send(sink);
}

static enum sink_result sse_on_subscribed(void *sink, struct bytes name, uint64_t tag, const struct cursor *cursor)
{
    (void)sink;
    (void)name;
    (void)tag;
    (void)cursor;
    return SINK_READY; /* the first block had the cursor */
}

static const struct sink_ops sse_sink_ops = {
    .write = stream_write,
    .gap = sse_on_gap,
    .cursor = sse_on_cursor,
    .subscribed = sse_on_subscribed,
};

/* --- heartbeats, the end ------------------------------------------------------------------------------------------ */

static uint64_t sse_look(struct stream *stream)
{
    uint64_t now_ms = stream->server->now_ms, heartbeat_ms = stream_heartbeat_ms(stream);
    struct cursor cursor;
    if (now_ms - stream->output_ms >= heartbeat_ms) {
        struct buffer *block = stream_scratch(stream);
        if (session_cursor(&stream->session, &cursor))
            wire_sse_cursor(block, &cursor);
        else
            wire_sse_comment(block);
        stream_send(stream);
    }
    return stream->output_ms + heartbeat_ms;
}

static void sse_farewell(struct stream *stream, enum ending why)
{
    struct buffer *block = stream_scratch(stream);
    struct cursor cursor;
    (void)why;
    wire_sse_retry(block, sse_retry_ms(RETRY_MAX_MS));
    if (session_cursor(&stream->session, &cursor))
        wire_sse_cursor(block, &cursor);
    else
        buffer_append_text(block, "\n");
    stream_send(stream);
}

static void sse_drain(struct stream *stream)
{
    stream_end(stream, ENDING_DRAIN, problem_of(PROBLEM_LEAVING), NULL);
}

static const struct stream_kind sse_kind = {
    .name = "sse",
    .farewell = sse_farewell,
    .look = sse_look,
    .drain = sse_drain,
};

/* --- opening and closing ------------------------------------------------------------------------------------------ */

static void sse_on_closed(struct connection *connection)
{
    struct stream *stream = (struct stream *)connection;
    stream_close(stream);
    free(stream);
}

static const struct connection_ops sse_connection_ops = {
    .on_writable = stream_on_writable,
    .on_closed = sse_on_closed,
};

static void sse_begin(struct incoming *incoming, const struct ask *ask, enum format format)
{
    struct server *server = incoming->server;
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream || !incoming_stream(incoming, &stream->connection, &sse_connection_ops, sse_head)) {
        free(stream);
        return;
    }
    stream_open(stream, &sse_kind, server);
    session_init(&stream->session, &server->sessions, incoming->who, NULL, &stream->connection);
    if (session_listen(&stream->session, ask, &sse_sink_ops, stream, format).problem)
        stream_kill(stream, ENDING_MEMORY);
}

/* --- the request -------------------------------------------------------------------------------------------------- */

static void sse_refuse(struct incoming *incoming, struct refusal refusal)
{
    struct response response = sse_head;
    struct buffer body = {0};
    if (refusal.problem->is_final) {
        incoming_refuse(incoming, refusal, false);
        return;
    }
    wire_sse_retry(&body, sse_retry_ms(RETRY_LATER_MS));
    buffer_append_text(&body, "\n");
    response.body = (struct bytes){body.data, body.len};
    response.is_last = true;
    incoming_answer(incoming, response);
    buffer_fini(&body);
}

static struct refusal sse_read_request(const struct incoming *incoming, struct ask *ask, enum format *format)
{
    bool is_json = false;
    struct refusal refusal = session_read_channels(&incoming->server->sessions, incoming->who, incoming->request, ask);
    if (!refusal.problem && ask->count == 0)
        refusal = refusal_because(PROBLEM_BAD_CHANNEL, "a channel is needed: /events?channel=public:news");
    if (!refusal.problem)
        refusal = ask_start(ask, incoming->request);
    if (!refusal.problem)
        refusal = ask_format(incoming->request, &is_json);
    *format = is_json ? FORMAT_SSE_JSON : ask_is_one_channel(ask) ? FORMAT_SSE_PLAIN : FORMAT_SSE_NAMED;
    return refusal;
}

static void sse_enter(struct incoming *incoming)
{
    struct server *server = incoming->server;
    struct ask ask;
    enum format format;
    struct refusal refusal = sse_read_request(incoming, &ask, &format);
    if (refusal.problem)
        sse_refuse(incoming, refusal);
    else if (incoming->request->method == METHOD_HEAD)
        incoming_answer(incoming, sse_head);
    else if (server->drain)
        sse_refuse(incoming, refusal_of(PROBLEM_LEAVING));
    else if (!stream_has_room(server))
        sse_refuse(incoming, refusal_of(PROBLEM_NO_ROOM));
    else
        sse_begin(incoming, &ask, format);
}

const struct incoming_kind sse_incoming = {.enter = sse_enter, .refuse = sse_refuse};
