/*
 * sse.c - one EventSource: the head at once, a first block as soon as the broker knows the cursor, entries, signs of
 * life, last words.
 *
 * EventSource gives up for good on any status but 200. So what a retry can mend (overload, a drain) is a stream that
 * ends at once, with `retry:` saying when to come again; what it can't mend is a status.
 */
#include "sse.h"

#include "access/access.h"
#include "ask.h"
#include "base/clock.h"
#include "request.h"
#include "response.h"
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
    struct buffer *scratch = &stream->connection.transport->scratch;
    if (scratch->failed) {
        buffer_fini(scratch);
        stream_kill(stream, WHY_NO_MEMORY);
        return SINK_FULL;
    }
    return stream_write(stream, scratch->data, scratch->len);
}

static struct buffer *sse_empty_scratch(struct stream *stream)
{
    struct buffer *scratch = &stream->connection.transport->scratch;
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
    uint64_t now_ms = stream->connection.transport->now_ms, heartbeat_ms = stream_heartbeat_ms(stream);
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

static int sse_close(struct stream *stream)
{
    (void)stream;
    return -1; /* the end of the connection is the end of the stream */
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
    stream->subscriber = subscriber_new(stream->connection.transport->broker, &sse_sink_ops, stream, format);
    if (!stream->subscriber)
        return false;
    for (unsigned i = 0; i < ask->count; i++)
        if (subscriber_add(stream->subscriber, ask->channels[i], &ask->start, 0) == ADD_NO_MEMORY)
            return false;
    return true;
}

static int sse_begin(struct transport *transport, struct lws *wsi, const struct request *request, const struct ask *ask,
                     enum format format)
{
    if (!response_send_stream_head(transport, wsi, request->origin))
        return -1;
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return -1;
    stream_open(stream, &sse_kind, &sse_connection_ops, transport, wsi);
    if (!sse_listen_to(stream, ask, format))
        return -1;          /* lws closes it, which frees it */
    lws_http_mark_sse(wsi); /* the header table is gone, and lws's own timeouts are off */
    return 0;
}

static int sse_refuse_for_now(struct transport *transport, struct lws *wsi, const struct request *request)
{
    struct buffer body = {0};
    wire_sse_retry(&body, sse_retry_ms(RETRY_LATER_MS));
    buffer_append_text(&body, "\n");
    struct response response = {.status = 200,
                                .type = CONTENT_EVENTS,
                                .body = body.data,
                                .len = body.len,
                                .origin = request->origin,
                                .is_last = true};
    int result = response_send(transport, wsi, &response);
    buffer_fini(&body);
    return result;
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

int sse_open(struct transport *transport, struct lws *wsi, const struct request *request)
{
    struct response response = {.origin = request->origin, .is_head = request->method == METHOD_HEAD};
    struct ask ask;
    enum format format;
    struct refusal refusal = sse_read_request(transport, request, &ask, &format);
    if (refusal.problem) {
        response.status = refusal.problem->status;
        return response_send_error(transport, wsi, response, refusal.problem->code, refusal.text);
    }
    if (response.is_head) {
        response.status = 200;
        response.type = CONTENT_EVENTS;
        return response_send(transport, wsi, &response);
    }
    if (transport->drain || !stream_has_room(transport))
        return sse_refuse_for_now(transport, wsi, request);
    return sse_begin(transport, wsi, request, &ask, format);
}
