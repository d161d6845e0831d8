/*
 * sse.c - one EventSource: the head at once, a first block as soon as the broker knows the cursor, entries, signs of
 * life, last words.
 *
 * EventSource gives up for good on any status but 200. So what a retry can mend (overload, a drain) is a stream that
 * ends at once, with `retry:` saying when to come again; what it can't mend is a status.
 */
#include "sse.h"

#include "access/access.h"
#include "answer.h"
#include "ask.h"
#include "base/clock.h"
#include "http/request.h"
#include "server.h"
#include "stream.h"
#include "wire/format.h"
#include "wire/sse.h"

#include <stdlib.h>

#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 5000
#define RETRY_LATER_MS 15000 /* where there was no room */

static unsigned sse_retry_ms(unsigned most_ms)
{
    return (unsigned)(RETRY_MIN_MS + random_below(most_ms - RETRY_MIN_MS + 1));
}

/* --- what the broker says ----------------------------------------------------------------------------------------- */

static enum sink_result sse_send_scratch(struct stream *stream)
{
    struct buffer *scratch = &stream->transport->scratch;
    if (scratch->failed) {
        buffer_fini(scratch);
        stream_kill(stream, WHY_NO_MEMORY);
        return SINK_FULL;
    }
    return stream_write(stream, scratch->data, scratch->len);
}

static struct buffer *sse_empty_scratch(struct stream *stream)
{
    struct buffer *scratch = &stream->transport->scratch;
    buffer_clear(scratch);
    return scratch;
}

static enum sink_result sse_on_cursor(void *sink, const struct cursor *cursor)
{
    struct buffer *block = sse_empty_scratch(sink);
    wire_sse_retry(block, sse_retry_ms(RETRY_MAX_MS));
    wire_sse_cursor(block, cursor);
    return sse_send_scratch(sink);
}

static enum sink_result sse_on_gap(void *sink, const struct gap *gap)
{
    wire_sse_gap(sse_empty_scratch(sink), gap);
    return sse_send_scratch(sink);
}

static enum sink_result sse_on_subscribed(void *sink, struct bytes name, uint64_t tag, const struct cursor *cursor)
{
    (void)sink;
    (void)name;
    (void)tag;
    (void)cursor;
    return SINK_READY; /* the first block has said it */
}

static const struct sink_ops sse_sink_ops = {
    .write = stream_write,
    .gap = sse_on_gap,
    .cursor = sse_on_cursor,
    .subscribed = sse_on_subscribed,
};

/* --- what time brings --------------------------------------------------------------------------------------------- */

static uint64_t sse_look(struct stream *stream)
{
    uint64_t now_ms = stream->transport->now_ms, heartbeat_ms = stream_heartbeat_ms(stream);
    struct cursor cursor;
    if (now_ms - stream->output_ms >= heartbeat_ms) {
        struct buffer *block = sse_empty_scratch(stream);
        if (subscriber_cursor(stream->subscriber, &cursor))
            wire_sse_cursor(block, &cursor);
        else
            wire_sse_comment(block);
        sse_send_scratch(stream);
    }
    return stream->output_ms + heartbeat_ms;
}

static void sse_farewell(struct stream *stream, enum stream_why why)
{
    struct buffer *block = sse_empty_scratch(stream);
    struct cursor cursor;
    (void)why;
    wire_sse_retry(block, sse_retry_ms(RETRY_MAX_MS));
    if (subscriber_cursor(stream->subscriber, &cursor))
        wire_sse_cursor(block, &cursor);
    else
        buffer_append_text(block, "\n");
    sse_send_scratch(stream);
}

static void sse_close(struct stream *stream)
{
    connection_close(&stream->connection, 0, NULL); /* the end of the connection is the end of the stream */
}

static const struct stream_kind sse_kind = {
    .name = "sse",
    .farewell = sse_farewell,
    .close = sse_close,
    .look = sse_look,
};

/* --- birth and death ---------------------------------------------------------------------------------------------- */

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

static bool sse_listen_to(struct stream *stream, const struct ask *ask, enum format format)
{
    stream->subscriber = subscriber_new(stream->transport->broker, &sse_sink_ops, stream, format);
    if (!stream->subscriber)
        return false;
    for (unsigned i = 0; i < ask->count; i++)
        if (subscriber_add(stream->subscriber, ask->channels[i], &ask->start, 0) == ADD_NO_MEMORY)
            return false;
    return true;
}

static void sse_begin(struct transport *transport, struct request *request, const struct ask *ask, enum format format)
{
    struct response head = {.status = 200, .type = CONTENT_EVENTS, .cors = answer_cors(transport, request->origin)};
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return;
    if (!connection_open_stream(&stream->connection, &sse_connection_ops, request, &head)) {
        free(stream);
        return;
    }
    stream_open(stream, &sse_kind, transport);
    if (!sse_listen_to(stream, ask, format))
        stream_kill(stream, WHY_NO_MEMORY);
}

static void sse_refuse_for_now(const struct transport *transport, struct request *request)
{
    struct buffer body = {0};
    wire_sse_retry(&body, sse_retry_ms(RETRY_LATER_MS));
    buffer_append_text(&body, "\n");
    struct response response = {.status = 200,
                                .type = CONTENT_EVENTS,
                                .body = {body.data, body.len},
                                .cors = answer_cors(transport, request->origin),
                                .is_last = true};
    response_send(request, &response);
    buffer_fini(&body);
}

static struct refusal sse_read_request(const struct transport *transport, const struct request *request,
                                       struct ask *ask, enum format *format)
{
    const struct transport_config *config = &transport->config;
    bool is_json = false;
    struct refusal refusal = ask_channels(ask, request, config->default_channels, config->max_channels);
    if (!refusal.problem)
        refusal = ask_check_rights(ask, config->access, &config->access->anonymous);
    if (!refusal.problem && ask->count == 0)
        refusal = refusal_because(PROBLEM_BAD_CHANNEL, "name a channel: /events?channel=public:news");
    if (!refusal.problem)
        refusal = ask_start(ask, request);
    if (!refusal.problem)
        refusal = ask_format(request, &is_json);
    *format = is_json ? FORMAT_SSE_JSON : ask_is_one_channel(ask) ? FORMAT_SSE_PLAIN : FORMAT_SSE_NAMED;
    return refusal;
}

void sse_open(void *arg, struct request *request)
{
    struct transport *transport = arg;
    struct response response = {.status = 200, .type = CONTENT_EVENTS, .cors = answer_cors(transport, request->origin)};
    struct ask ask;
    enum format format;
    struct refusal refusal = sse_read_request(transport, request, &ask, &format);
    if (refusal.problem)
        answer_refusal(request, response, refusal);
    else if (request->method == METHOD_HEAD)
        response_send(request, &response);
    else if (transport->drain || !stream_has_room(transport))
        sse_refuse_for_now(transport, request);
    else
        sse_begin(transport, request, &ask, format);
}
