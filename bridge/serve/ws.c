/*
 * ws.c - one WebSocket.
 *
 *     upgrade ──► ws_open ──► [hello] ──► messages in, entries out ──► ws_end ──► close frame ──► lws: closed
 *
 * A script can't read the status of a failed handshake. So what it should know is said after accepting: an error frame,
 * then a close code with its reason. Only what is no request for us at all is refused with a status.
 *
 * Signs of life: after a heartbeat of silence a cursor and {"type":"ping"}; and whatever else goes out, a ping of the
 * protocol to whoever has not been heard for a heartbeat. Browsers answer the latter by themselves, also where the page
 * hangs; so a script that has ever said pong is held to it, and one that never did is not.
 */
#include "ws.h"

#include "access/origin.h"
#include "access/rights.h"
#include "ask.h"
#include "base/clock.h"
#include "base/log.h"
#include "frame.h"
#include "http/request.h"
#include "publish.h"
#include "server.h"
#include "wire/format.h"
#include "wire/json.h"
#include "wire/json_string.h"
#include "wire/ws.h"

#include <stdlib.h>
#include <string.h>

#define BAD_FRAMES_MAX 10
#define PENDING_MAX 256        /* answers that one connection may wait for */
#define SILENCE_GRACE_MS 10000 /* on top of two heartbeats */
#define ESCAPE_MAX 6           /* a byte of payload as JSON: \u0000 */
#define MESSAGE_OVERHEAD 4096  /* of a message around its payload */

static struct ws *ws_of(struct connection *connection)
{
    return (struct ws *)connection;
}

static struct transport *ws_transport(const struct ws *ws)
{
    return ws->stream.transport;
}

/* --- small frames that we say ------------------------------------------------------------------------------------- */

static struct buffer *ws_say(struct ws *ws)
{
    struct buffer *scratch = &ws_transport(ws)->scratch;
    buffer_clear(scratch);
    return scratch;
}

/* What say() gave and the caller filled is a JSON text; send it. */
static enum sink_result ws_said(struct ws *ws)
{
    struct buffer *scratch = &ws_transport(ws)->scratch;
    wire_ws_wrap(scratch, 0, WS_TEXT);
    if (!scratch->failed)
        return stream_write(&ws->stream, scratch->data, scratch->len);
    buffer_fini(scratch);
    stream_kill(&ws->stream, WHY_NO_MEMORY);
    return SINK_FULL;
}

static void ws_append_ref(struct buffer *out, const char *text, size_t len)
{
    if (len == 0)
        return;
    buffer_append_text(out, ",\"ref\":");
    buffer_append(out, text, len);
}

static void ws_append_member(struct buffer *out, const char *name, const char *bytes, size_t len)
{
    buffer_printf(out, ",\"%s\":", name);
    wire_json_string(out, (struct bytes){bytes, len});
}

static enum sink_result ws_say_hello(struct ws *ws, const struct cursor *cursor)
{
    const struct transport_config *config = &ws_transport(ws)->config;
    struct buffer *out = ws_say(ws);
    ws->is_hello_said = true;
    buffer_append_text(out, "{\"type\":\"hello\",\"cursor\":");
    if (cursor)
        buffer_printf(out, "\"%s\"", CURSOR_TEXT(cursor));
    else
        buffer_append_text(out, "null");
    buffer_printf(out, ",\"heartbeat\":%llu,\"max_payload\":%zu,\"connection\":\"%s\"}",
                  (unsigned long long)config->heartbeat_ms, config->max_payload, CONNECTION_ID(&ws->stream.connection));
    return ws_said(ws);
}

static enum sink_result ws_say_cursor(struct ws *ws, const struct cursor *cursor)
{
    buffer_printf(ws_say(ws), "{\"type\":\"cursor\",\"id\":\"%s\"}", CURSOR_TEXT(cursor));
    return ws_said(ws);
}

void ws_say_error(struct ws *ws, struct ref ref, const char *code, const char *message)
{
    struct buffer *out = ws_say(ws);
    if (ws->is_raw)
        return;
    buffer_append_text(out, "{\"type\":\"error\"");
    ws_append_ref(out, ref.text, ref.len);
    ws_append_member(out, "code", code, strlen(code));
    ws_append_member(out, "message", message, strlen(message));
    buffer_append_text(out, "}");
    ws_said(ws);
}

void ws_say_bad_frame(struct ws *ws, struct ref ref, const char *message)
{
    ws_say_error(ws, ref, "bad_frame", message);
    if (++ws->bad_frames >= BAD_FRAMES_MAX)
        ws_end(ws, WS_CLOSE_POLICY, "too many frames that are none");
}

/* --- what the broker says ----------------------------------------------------------------------------------------- */

static enum sink_result ws_on_cursor(void *sink, const struct cursor *cursor)
{
    struct ws *ws = sink;
    if (ws->is_raw)
        return SINK_READY;
    return ws->is_hello_said ? ws_say_cursor(ws, cursor) : ws_say_hello(ws, cursor);
}

static enum sink_result ws_on_gap(void *sink, const struct gap *gap)
{
    struct ws *ws = sink;
    struct buffer *out = ws_say(ws);
    if (ws->is_raw)
        return SINK_READY;
    buffer_append_text(out, "{\"type\":\"gap\",");
    wire_json_gap(out, gap);
    buffer_printf(out, ",\"id\":\"%s\"}", CURSOR_TEXT(gap->cursor));
    return ws_said(ws);
}

static void ws_forget(struct ws *ws, struct pending *pending)
{
    ws->pending_count--;
    pending_free(&ws_transport(ws)->pendings, pending);
}

static enum sink_result ws_on_subscribed(void *sink, struct bytes name, uint64_t tag, const struct cursor *cursor)
{
    struct ws *ws = sink;
    struct pending *pending = tag != 0 ? pending_find(&ws_transport(ws)->pendings, tag) : NULL;
    struct buffer *out = ws_say(ws);
    if (ws->is_raw)
        return SINK_READY;
    buffer_append_text(out, "{\"type\":\"subscribed\"");
    ws_append_member(out, "channel", name.data, name.len);
    buffer_printf(out, ",\"id\":\"%s\"", CURSOR_TEXT(cursor));
    if (pending) {
        ws_append_ref(out, pending->ref, pending->ref_len);
        ws_forget(ws, pending);
    }
    buffer_append_text(out, "}");
    return ws_said(ws);
}

static const struct sink_ops ws_sink_ops = {
    .write = stream_write,
    .gap = ws_on_gap,
    .cursor = ws_on_cursor,
    .subscribed = ws_on_subscribed,
};

/* --- subscribe, unsubscribe --------------------------------------------------------------------------------------- */

/* A note that will be given back with the answer; NULL: an error has been said. */
static struct pending *ws_note_down(struct ws *ws, struct ref ref, struct bytes name)
{
    struct pending_note note = {.ref = ref.text, .ref_len = ref.len, .name = name.data, .name_len = name.len};
    if (ws->pending_count >= PENDING_MAX) {
        ws_say_error(ws, ref, "too_fast", "too many answers are still owed to you");
        return NULL;
    }
    struct pending *pending = pending_new(&ws_transport(ws)->pendings, &ws->publisher.pendings, &ws->publisher, &note);
    if (!pending)
        ws_say_error(ws, ref, "unavailable", "no memory");
    else
        ws->pending_count++;
    return pending;
}

void ws_subscribe(struct ws *ws, struct ref ref, struct bytes channel, const struct start *start)
{
    const struct transport_config *config = &ws_transport(ws)->config;
    struct refusal refusal = rights_subscribe(config->access, &config->access->anonymous, channel);
    if (refusal.problem) {
        ws_say_error(ws, ref, refusal.problem->code, refusal.text);
        return;
    }
    if (subscriber_feeds(ws->stream.subscriber) >= config->max_channels) {
        ws_say_error(ws, ref, "too_many_channels", "more channels than one connection may have");
        return;
    }
    struct pending *pending = ws_note_down(ws, ref, channel);
    if (!pending)
        return;
    enum add_result result = subscriber_add(ws->stream.subscriber, channel, start, pending->ticket);
    if (result == ADD_OK)
        return;
    ws_forget(ws, pending);
    if (result == ADD_ALREADY)
        ws_say_error(ws, ref, "already_subscribed", "you listen to it already");
    else
        ws_say_error(ws, ref, "unavailable", "no memory");
}

/* A subscription that was not caught up yet has a note waiting. */
static void ws_forget_subscription(struct ws *ws, struct bytes channel)
{
    struct pending *pending, *next;
    for (pending = LIST_FIRST(&ws->publisher.pendings); pending; pending = next) {
        next = LIST_NEXT(pending, siblings);
        if (pending->name_len > 0 && bytes_is(channel, pending->name))
            ws_forget(ws, pending);
    }
}

void ws_unsubscribe(struct ws *ws, struct ref ref, struct bytes channel)
{
    if (channel_name_error(channel.data, channel.len)) {
        ws_say_error(ws, ref, "bad_channel", channel_name_error(channel.data, channel.len));
        return;
    }
    if (!subscriber_remove(ws->stream.subscriber, channel)) {
        ws_say_error(ws, ref, "not_subscribed", "you don't listen to it");
        return;
    }
    ws_forget_subscription(ws, channel);
    struct buffer *out = ws_say(ws);
    buffer_append_text(out, "{\"type\":\"unsubscribed\"");
    ws_append_member(out, "channel", channel.data, channel.len);
    ws_append_ref(out, ref.text, ref.len);
    buffer_append_text(out, "}");
    ws_said(ws);
}

/* --- publish ------------------------------------------------------------------------------------------------------ */

static void ws_hand_on(struct ws *ws, struct ref ref, const struct ws_publication *what)
{
    struct message message = {
        .channel = what->channel, .payload = what->payload, .event = what->event, .key = what->key};
    struct pending_note note = {.ref = ref.text, .ref_len = ref.len};
    if (ws->pending_count >= PENDING_MAX) {
        ws_say_error(ws, ref, "too_fast", "too many answers are still owed to you");
        return;
    }
    if (publish_start(ws_transport(ws), &ws->publisher, &message, &note))
        ws->pending_count++, ws->publishing++;
    else
        ws_say_error(ws, ref, "unavailable", "no memory");
}

void ws_publish(struct ws *ws, struct ref ref, const struct ws_publication *what)
{
    const struct transport *transport = ws_transport(ws);
    const struct access *access = transport->config.access;
    struct refusal refusal = rights_publish(access, &access->anonymous, what->channel);
    if (refusal.problem && ws->is_raw)
        ws_end(ws, WS_CLOSE_FORBIDDEN, refusal.text);
    else if (refusal.problem)
        ws_say_error(ws, ref, refusal.problem->code, refusal.text);
    else if (what->payload.len > transport->config.max_payload)
        ws_say_error(ws, ref, "too_large", "the payload is larger than max_payload");
    else if (publish_event_error(what->event))
        ws_say_error(ws, ref, "bad_frame", "event is a name like a channel's");
    else if (transport->drain)
        ws_say_error(ws, ref, "unavailable", "this instance is going; publish again after reconnecting");
    else
        ws_hand_on(ws, ref, what);
}

static void ws_say_ack(struct ws *ws, const struct pending *pending, struct position position)
{
    struct buffer *out = ws_say(ws);
    buffer_append_text(out, "{\"type\":\"ack\"");
    ws_append_ref(out, pending->ref, pending->ref_len);
    buffer_append_text(out, ",\"id\":");
    publish_id_append(out, position);
    buffer_append_text(out, "}");
    ws_said(ws);
}

static void ws_on_published(void *owner, const struct pending *pending, const struct publication *result)
{
    struct ws *ws = owner;
    struct ref ref = {pending->ref, pending->ref_len};
    ws->pending_count--;
    ws->publishing--;
    if (result->answer == ANSWER_REFUSED)
        log_warn("publish_refused", "connection=%s text=\"%s\"", CONNECTION_ID(&ws->stream.connection),
                 LOG_TEXT(result->text, strlen(result->text)));
    if (ws->is_raw && result->answer != ANSWER_OK)
        ws_end(ws, WS_CLOSE_LATER, "what you said could not be recorded");
    else if (result->answer == ANSWER_UNAVAILABLE)
        ws_say_error(ws, ref, "unavailable", "Redis can't be reached; it is not known to be recorded");
    else if (result->answer == ANSWER_REFUSED)
        ws_say_error(ws, ref, "unavailable", "Redis refused to record it");
    else if (!ws->is_raw)
        ws_say_ack(ws, pending, result->position);
    if (ws_transport(ws)->drain)
        ws_drain(&ws->stream);
}

/* --- whole messages out of pieces --------------------------------------------------------------------------------- */

static void ws_on_message(struct ws *ws, char *bytes, size_t len, bool is_binary)
{
    struct ws_publication what = {
        .channel = {ws->raw_channel, 0}, .payload = {bytes, len}, .event = {"", 0}, .key = {"", 0}};
    if (!ws->is_raw && is_binary) {
        frame_on_binary(ws, bytes, len);
    } else if (!ws->is_raw) {
        frame_on_text(ws, bytes, len);
    } else {
        what.channel.len = strlen(ws->raw_channel);
        ws_publish(ws, (struct ref){"", 0}, &what);
    }
}

/* A message that must be too large is given up before it is here. */
static size_t ws_message_max(const struct ws *ws, bool is_binary)
{
    size_t max_payload = ws_transport(ws)->config.max_payload;
    if (ws->is_raw)
        return max_payload;
    return max_payload * (is_binary ? 1 : ESCAPE_MAX) + MESSAGE_OVERHEAD;
}

static void ws_hear(struct ws *ws)
{
    ws->heard_ms = ws_transport(ws)->now_ms;
    if (ws->ponged_ms != 0)
        ws->ponged_ms = ws->heard_ms;
}

/* A client that sends and does not read is not read from, until it has taken our answers. */
static void ws_pause_if_full(struct ws *ws)
{
    if (ws->stream.state != STREAM_FULL || ws->is_paused)
        return;
    ws->is_paused = true;
    connection_pause_reading(&ws->stream.connection);
}

static void ws_on_piece(struct connection *connection, const struct piece *piece)
{
    struct ws *ws = ws_of(connection);
    ws_hear(ws);
    if (piece->is_first)
        buffer_clear(&ws->message);
    if (ws->message.len + piece->len + piece->missing > ws_message_max(ws, piece->is_binary)) {
        ws_end(ws, WS_CLOSE_TOO_BIG, "the message is larger than max_payload");
        return;
    }
    if (piece->is_first && piece->is_final) {
        ws_on_message(ws, piece->bytes, piece->len, piece->is_binary);
    } else {
        buffer_append(&ws->message, piece->bytes, piece->len);
        if (ws->message.failed)
            ws_end(ws, WS_CLOSE_INTERNAL, "no memory");
        else if (piece->is_final)
            ws_on_message(ws, ws->message.data ? ws->message.data : piece->bytes, ws->message.len, piece->is_binary);
    }
    if (piece->is_final)
        buffer_fini(&ws->message);
    ws_pause_if_full(ws);
}

static void ws_on_writable(struct connection *connection)
{
    struct ws *ws = ws_of(connection);
    stream_on_writable(connection);
    if (!ws->is_paused || ws->stream.state != STREAM_OPEN)
        return;
    ws->is_paused = false;
    connection_resume_reading(connection);
}

static void ws_on_pong(struct connection *connection)
{
    struct ws *ws = ws_of(connection);
    ws->heard_ms = ws_transport(ws)->now_ms;
}

/* The browser has sent its close; http answers it. Nothing may be sent behind that. */
static void ws_on_leaving(struct connection *connection)
{
    stream_end(&ws_of(connection)->stream, WHY_LEFT);
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static void ws_append_ping(struct buffer *out)
{
    size_t start = out->len;
    buffer_append(out, "b", 1); /* lws reports only pongs that carry something */
    wire_ws_wrap(out, start, WS_PING);
}

static void ws_send_life(struct ws *ws, bool is_silent)
{
    struct buffer *out = ws_say(ws);
    struct cursor cursor;
    if (is_silent && !ws->is_raw) {
        if (subscriber_cursor(ws->stream.subscriber, &cursor)) {
            buffer_printf(out, "{\"type\":\"cursor\",\"id\":\"%s\"}", CURSOR_TEXT(&cursor));
            wire_ws_wrap(out, 0, WS_TEXT);
        }
        size_t start = out->len;
        buffer_append_text(out, "{\"type\":\"ping\"}");
        wire_ws_wrap(out, start, WS_TEXT);
    }
    ws_append_ping(out);
    ws->pinged_ms = ws_transport(ws)->now_ms;
    if (!out->failed)
        stream_write(&ws->stream, out->data, out->len);
}

static bool ws_is_mute(const struct ws *ws, uint64_t now_ms)
{
    uint64_t limit_ms = 2 * ws_transport(ws)->config.heartbeat_ms + SILENCE_GRACE_MS;
    return now_ms - ws->heard_ms > limit_ms || (ws->ponged_ms != 0 && now_ms - ws->ponged_ms > limit_ms);
}

static uint64_t ws_look(struct stream *stream)
{
    struct ws *ws = (struct ws *)stream;
    uint64_t now_ms = ws_transport(ws)->now_ms, heartbeat_ms = stream_heartbeat_ms(stream);
    uint64_t asked_ms = ws->heard_ms > ws->pinged_ms ? ws->heard_ms : ws->pinged_ms;
    bool is_silent = now_ms - stream->output_ms >= heartbeat_ms;
    if (ws_is_mute(ws, now_ms) && !stream->is_slow) { /* our ping may be far behind in what it has not read yet */
        ws_end(ws, WS_CLOSE_SILENT, "no pong");
        return now_ms;
    }
    if (is_silent || now_ms - asked_ms >= heartbeat_ms) {
        ws_send_life(ws, is_silent);
        asked_ms = now_ms;
    }
    return (stream->output_ms < asked_ms ? stream->output_ms : asked_ms) + heartbeat_ms;
}

/* --- ending ------------------------------------------------------------------------------------------------------- */

void ws_end(struct ws *ws, enum ws_close code, const char *reason)
{
    if (ws->close_code == 0) {
        ws->close_code = (unsigned short)code;
        ws->close_reason = reason;
    }
    stream_end(&ws->stream, code == WS_CLOSE_SILENT ? WHY_SILENT : WHY_POLICY);
}

static void ws_farewell(struct stream *stream, enum stream_why why)
{
    struct ws *ws = (struct ws *)stream;
    struct cursor cursor;
    if (ws->close_code == 0) {
        ws->close_code = WS_CLOSE_RESTART;
        ws->close_reason =
            why == WHY_AGE ? "end of this connection's time, come back" : "this instance is going, come back";
    }
    if ((why == WHY_AGE || why == WHY_DRAIN) && !ws->is_raw && subscriber_cursor(stream->subscriber, &cursor))
        ws_say_cursor(ws, &cursor);
}

static void ws_close(struct stream *stream)
{
    struct ws *ws = (struct ws *)stream;
    connection_close(&stream->connection, ws->close_code, ws->close_reason);
}

static const struct stream_kind ws_kind = {
    .name = "ws",
    .farewell = ws_farewell,
    .close = ws_close,
    .look = ws_look,
};

bool stream_is_ws(const struct stream *stream)
{
    return stream->kind == &ws_kind;
}

void ws_drain(struct stream *stream)
{
    if (((struct ws *)stream)->publishing == 0)
        stream_end(stream, WHY_DRAIN);
}

static void ws_on_closed(struct connection *connection)
{
    struct ws *ws = ws_of(connection);
    stream_close(&ws->stream);
    pending_drop_all(&ws_transport(ws)->pendings, &ws->publisher.pendings);
    buffer_fini(&ws->message);
    free(ws->raw_channel);
    free(ws);
}

static const struct connection_ops ws_connection_ops = {
    .on_writable = ws_on_writable,
    .on_piece = ws_on_piece,
    .on_pong = ws_on_pong,
    .on_leaving = ws_on_leaving,
    .on_closed = ws_on_closed,
};

/* --- birth -------------------------------------------------------------------------------------------------------- */

static bool ws_wants_raw(const struct ws *ws, const struct request *request)
{
    struct bytes format;
    return strcmp(connection_subprotocol(&ws->stream.connection), SUBPROTOCOL_RAW) == 0 ||
           (request_arg(request, "format", &format) && bytes_is(format, "raw"));
}

static struct ws *ws_new(struct transport *transport, struct request *request)
{
    struct ws *ws = calloc(1, sizeof *ws);
    if (!ws)
        return NULL;
    connection_open(&ws->stream.connection, &ws_connection_ops, request);
    stream_open(&ws->stream, &ws_kind, transport);
    ws->publisher = (struct publisher){.on_published = ws_on_published, .owner = ws};
    ws->is_raw = ws_wants_raw(ws, request);
    ws->heard_ms = ws->pinged_ms = transport->now_ms;
    ws->stream.subscriber =
        subscriber_new(transport->broker, &ws_sink_ops, ws, ws->is_raw ? FORMAT_WS_RAW : FORMAT_WS_JSON);
    return ws;
}

static bool ws_listen_to(struct ws *ws, const struct ask *ask)
{
    for (unsigned i = 0; i < ask->count; i++)
        if (subscriber_add(ws->stream.subscriber, ask->channels[i], &ask->start, 0) == ADD_NO_MEMORY)
            return false;
    return true;
}

static void ws_end_with_error(struct ws *ws, struct refusal refusal)
{
    ws_say_error(ws, (struct ref){"", 0}, refusal.problem->code, refusal.text);
    ws_end(ws, refusal.problem->close, refusal.text);
}

static void ws_begin_raw(struct ws *ws, const struct ask *ask)
{
    if (!ask_is_one_channel(ask)) {
        ws_end(ws, WS_CLOSE_POLICY, "raw needs exactly one channel");
        return;
    }
    ws->raw_channel = strndup(ask->channels[0].data, ask->channels[0].len);
    if (!ws->raw_channel || !ws_listen_to(ws, ask))
        ws_end(ws, WS_CLOSE_INTERNAL, "no memory");
}

static struct refusal ws_read_request(const struct transport *transport, const struct request *request, struct ask *ask)
{
    const struct transport_config *config = &transport->config;
    if (origin_check(config->access, request->origin) == ORIGIN_REFUSED)
        return refusal_because(PROBLEM_FORBIDDEN, "pages of this origin may not connect");
    struct refusal refusal = ask_channels(ask, request, config->default_channels, config->max_channels);
    if (!refusal.problem)
        refusal = ask_check_rights(ask, config->access, &config->access->anonymous);
    return refusal.problem ? refusal : ask_start(ask, request);
}

static void ws_begin(struct ws *ws, const struct request *request)
{
    struct ask ask;
    struct refusal refusal = ws_read_request(ws_transport(ws), request, &ask);
    if (refusal.problem)
        ws_end_with_error(ws, refusal);
    else if (ws->is_raw)
        ws_begin_raw(ws, &ask);
    else if (!ws_listen_to(ws, &ask))
        ws_end(ws, WS_CLOSE_INTERNAL, "no memory");
    else if (ask.count == 0)
        ws_say_hello(ws, NULL);
}

void ws_open(struct transport *transport, struct request *request)
{
    bool has_room = stream_has_room(transport);
    struct ws *ws = ws_new(transport, request);
    if (!ws)
        return;
    if (!ws->stream.subscriber)
        stream_kill(&ws->stream, WHY_NO_MEMORY);
    else if (transport->drain)
        ws_end(ws, WS_CLOSE_RESTART, "this instance is going, come back");
    else if (!has_room)
        ws_end(ws, WS_CLOSE_LATER, "no room at the moment, come back later");
    else
        ws_begin(ws, request);
}
