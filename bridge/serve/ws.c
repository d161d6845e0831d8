/*
 * ws.c - one WebSocket: the access check, frames both ways, heartbeats, the close.
 *
 *     upgrade ──► ws_open ──► [parked] ──► ws_enter ──► [hello] ──► messages in, entries out ──► ws_end ──► close frame
 *
 * No script can read the status of a refused handshake. So refusals are sent after accepting: an error frame if a retry
 * can't help, then a close code with its reason. Only what is no valid request for /ws gets a status (handshake.c).
 *
 * After a heartbeat without output: a cursor and {"type":"ping"}; the latter also if a script that has sent a pong is
 * silent. With either, or after one without input: a protocol ping.
 */
#include "ws.h"

#include "access/origin.h"
#include "ask.h"
#include "base/buffer.h"
#include "base/utf8.h"
#include "frame.h"
#include "gather.h"
#include "http/request.h"
#include "liveness.h"
#include "parts.h"
#include "say.h"
#include "stream.h"
#include "wire/format.h"
#include "wire/ws.h"

#include <stdlib.h>
#include <string.h>

#define BAD_FRAMES_MAX 10
#define CLOSE_REASON_MAX 123  /* bytes; RFC 6455, 5.5 and 5.5.1 */
#define ESCAPE_MAX 6          /* a byte of payload as JSON: \u0000 */
#define MESSAGE_OVERHEAD 4096 /* of a message around its payload */

struct ws {
    struct stream stream;  /* first */
    struct buffer message; /* the pieces so far of a message that is not complete */
    char *raw_channel;     /* bridge.v1.raw: the one channel; else NULL */
    char *close_reason;    /* NULL: it was not needed yet, or no memory */
    struct parked *parked; /* its request, while it waits for its access check; else NULL */
    struct liveness liveness;
    unsigned short bad_frames;
    bool is_raw;
    bool is_hello_said;
    bool is_paused; /* not read from until it has taken our answers */
};

static struct ws *ws_of(struct connection *connection)
{
    return (struct ws *)connection;
}

static struct ws *ws_of_session(struct session *session)
{
    return (struct ws *)((char *)session - offsetof(struct ws, stream.session));
}

static struct server *ws_server(const struct ws *ws)
{
    return ws->stream.server;
}

/* --- ending ------------------------------------------------------------------------------------------------------- */

/* The refusal's text, cut between characters to fit into a close frame. Freed in ws_on_closed(). NULL: no memory. */
static char *ws_close_reason_new(struct refusal refusal)
{
    const char *text = REFUSAL_TEXT(refusal);
    return strndup(text, utf8_fit(text, strlen(text), CLOSE_REASON_MAX));
}

/* From here on, messages from the client are ignored. */
static void ws_end(struct ws *ws, struct refusal refusal)
{
    if (!ws->close_reason)
        ws->close_reason = ws_close_reason_new(refusal);
    stream_end(&ws->stream, ending_of(refusal.problem), refusal.problem, ws->close_reason);
}

static void ws_farewell(struct stream *stream, enum ending why)
{
    struct ws *ws = (struct ws *)stream;
    struct cursor cursor;
    if ((why != ENDING_AGE && why != ENDING_DRAIN) || ws->is_raw || !session_cursor(&stream->session, &cursor))
        return;
    say_cursor(stream_scratch(stream), &cursor);
    stream_send(stream);
}

/* If publishes are in flight, their answers are sent first: ws_on_published() calls it again. */
static void ws_drain(struct stream *stream)
{
    stream->session.is_leaving = true;
    if (stream->session.publishing == 0)
        ws_end((struct ws *)stream, refusal_of(PROBLEM_LEAVING));
}

/* --- what the broker sends ---------------------------------------------------------------------------------------- */

static enum sink_result ws_say_hello(struct ws *ws, const struct cursor *cursor)
{
    const struct server_config *config = &ws_server(ws)->config;
    const struct hello hello = {
        .cursor = cursor,
        .heartbeat_ms = config->heartbeat_ms,
        .max_payload = config->max_payload,
        .connection = CONNECTION_ID(&ws->stream.connection),
    };
    ws->is_hello_said = true;
    say_hello(stream_scratch(&ws->stream), &hello);
    return stream_send(&ws->stream);
}

static enum sink_result ws_on_cursor(void *sink, const struct cursor *cursor)
{
    struct ws *ws = sink;
    if (ws->is_raw)
        return SINK_READY;
    if (!ws->is_hello_said)
        return ws_say_hello(ws, cursor);
    say_cursor(stream_scratch(&ws->stream), cursor);
    return stream_send(&ws->stream);
}

static enum sink_result ws_on_gap(void *sink, const struct gap *gap)
{
    struct ws *ws = sink;
    if (ws->is_raw)
        return SINK_READY;
    wire_ws_gap(stream_scratch(&ws->stream), gap);
    return stream_send(&ws->stream);
}

static enum sink_result ws_on_subscribed(void *sink, struct bytes name, uint64_t tag, const struct cursor *cursor)
{
    struct ws *ws = sink;
    struct session *session = &ws->stream.session;
    if (ws->is_raw)
        return SINK_READY;
    struct pending *pending = session_pending(session, tag);
    say_subscribed(stream_scratch(&ws->stream), name, cursor, pending ? pending->ref : BYTES(""));
    session_settle(session, pending);
    return stream_send(&ws->stream);
}

static const struct sink_ops ws_sink_ops = {
    .write = stream_write,
    .gap = ws_on_gap,
    .cursor = ws_on_cursor,
    .subscribed = ws_on_subscribed,
};

/* --- what a client sends ------------------------------------------------------------------------------------------ */

static void ws_say_error(struct ws *ws, struct refusal refusal, struct bytes ref)
{
    if (ws->is_raw)
        return;
    say_error(stream_scratch(&ws->stream), refusal, ref);
    stream_send(&ws->stream);
}

static void ws_on_published(struct session *session, struct bytes ref, struct refusal refusal, struct position position)
{
    struct ws *ws = ws_of_session(session);
    if (ws->is_raw && refusal.problem) {
        ws_end(ws, refusal_because(PROBLEM_UNAVAILABLE, "the message could not be recorded"));
    } else if (refusal.problem) {
        ws_say_error(ws, refusal, ref);
    } else if (!ws->is_raw) {
        say_ack(stream_scratch(&ws->stream), position, ref);
        stream_send(&ws->stream);
    }
    if (session->is_leaving)
        ws_drain(&ws->stream);
}

static const struct session_ops ws_session_ops = {.on_published = ws_on_published};

static void ws_refuse_frame(struct ws *ws, struct refusal refusal, struct bytes ref)
{
    ws_say_error(ws, refusal, ref);
    if (refusal.problem == problem_of(PROBLEM_BAD_FRAME) && ++ws->bad_frames >= BAD_FRAMES_MAX)
        ws_end(ws, refusal_because(PROBLEM_BAD_FRAME, "too many malformed frames"));
}

static void ws_unsubscribe(struct ws *ws, const struct frame *frame)
{
    struct refusal refusal = session_unsubscribe(&ws->stream.session, frame->message.channel);
    if (refusal.problem) {
        ws_say_error(ws, refusal, frame->ref);
        return;
    }
    say_unsubscribed(stream_scratch(&ws->stream), frame->message.channel, frame->ref);
    stream_send(&ws->stream);
}

static void ws_on_frame(struct ws *ws, const struct frame *frame)
{
    struct session *session = &ws->stream.session;
    struct refusal refusal = REFUSAL_NONE;
    switch (frame->type) {
    case FRAME_SUBSCRIBE:
        refusal = session_subscribe(session, frame->message.channel, &frame->start, frame->ref);
        break;
    case FRAME_UNSUBSCRIBE:
        ws_unsubscribe(ws, frame);
        break;
    case FRAME_PUBLISH:
        refusal = session_publish(session, &frame->message, frame->ref);
        break;
    case FRAME_PONG:
        liveness_hear_script(&ws->liveness);
        break;
    case FRAME_AUTH:
        refusal = refusal_because(PROBLEM_FORBIDDEN, "this version does not use tokens; no auth frame is needed");
        break;
    }
    if (refusal.problem)
        ws_say_error(ws, refusal, frame->ref);
}

static void ws_on_json_message(struct ws *ws, struct bytes bytes, bool is_binary)
{
    struct frame frame;
    struct refusal refusal = is_binary ? frame_read_binary(&frame, bytes) : frame_read_text(&frame, bytes);
    if (refusal.problem)
        ws_refuse_frame(ws, refusal, frame.ref);
    else
        ws_on_frame(ws, &frame);
    frame_fini(&frame);
}

static void ws_on_raw_message(struct ws *ws, struct bytes bytes)
{
    const struct message message = {.channel = bytes_of(ws->raw_channel),
                                    .payload = bytes,
                                    .event = BYTES(""),
                                    .from = BYTES(""),
                                    .key = BYTES("")};
    struct refusal refusal = session_publish(&ws->stream.session, &message, BYTES(""));
    if (refusal.problem == problem_of(PROBLEM_TOO_FAST))
        refusal = refusal_because(PROBLEM_UNAVAILABLE, refusal.text);
    if (refusal.problem)
        ws_end(ws, refusal);
}

/* --- messages --------------------------------------------------------------------------------------------------- */

static void ws_on_message(struct ws *ws, struct bytes bytes, bool is_binary)
{
    if (ws->is_raw)
        ws_on_raw_message(ws, bytes);
    else
        ws_on_json_message(ws, bytes, is_binary);
}

/* A longer message can't have a payload that is allowed, and is refused before all of it is received. */
static size_t ws_message_max(const struct ws *ws, bool is_binary)
{
    size_t max_payload = ws_server(ws)->config.max_payload;
    if (ws->is_raw)
        return max_payload;
    return max_payload * (is_binary ? 1 : ESCAPE_MAX) + MESSAGE_OVERHEAD;
}

/* A client that sends but does not read is not read from until it has taken our answers. */
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
    struct bytes message;
    liveness_hear_message(&ws->liveness, ws_server(ws)->now_ms);
    switch (gather_add(&ws->message, piece, ws_message_max(ws, piece->is_binary), &message)) {
    case GATHERED_WHOLE:
        ws_on_message(ws, message, piece->is_binary);
        gather_done(&ws->message);
        break;
    case GATHERED_PART:
        break;
    case GATHERED_TOO_LARGE:
        ws_end(ws, refusal_too_large(ws_server(ws)->config.max_payload));
        break;
    case GATHERED_NO_MEMORY:
        ws_end(ws, refusal_of(PROBLEM_NO_MEMORY));
        break;
    }
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
    liveness_hear_browser(&ws->liveness, ws_server(ws)->now_ms);
}

/* The browser has sent a close frame; http answers it. Nothing may be sent after that. */
static void ws_on_leaving(struct connection *connection)
{
    stream_end(&ws_of(connection)->stream, ENDING_LEFT, problem_of(PROBLEM_LEAVING), NULL);
}

/* --- time --------------------------------------------------------------------------------------------------------- */

static void ws_send_life(struct ws *ws, bool is_silent, bool wants_script)
{
    struct buffer *out = stream_scratch(&ws->stream);
    struct cursor cursor;
    if (is_silent && !ws->is_raw && session_cursor(&ws->stream.session, &cursor))
        say_cursor(out, &cursor);
    if ((is_silent || wants_script) && !ws->is_raw)
        say_ping(out);
    say_protocol_ping(out);
    liveness_ask(&ws->liveness, ws_server(ws)->now_ms);
    stream_send(&ws->stream);
}

static uint64_t ws_look(struct stream *stream)
{
    struct ws *ws = (struct ws *)stream;
    uint64_t now_ms = ws_server(ws)->now_ms, heartbeat_ms = stream_heartbeat_ms(stream);
    uint64_t asked_ms = liveness_last_ms(&ws->liveness);
    bool is_silent = now_ms - stream->output_ms >= heartbeat_ms;
    bool wants_script = liveness_wants_script(&ws->liveness, now_ms, heartbeat_ms);
    if (ws->parked)
        return now_ms + heartbeat_ms;
    /* A slow client may still have much to read before it gets to our ping. */
    if (liveness_is_over(&ws->liveness, now_ms, ws_server(ws)->config.heartbeat_ms) && !stream->is_slow) {
        ws_end(ws, refusal_of(PROBLEM_SILENT));
        return now_ms;
    }
    if (is_silent || wants_script || now_ms - asked_ms >= heartbeat_ms) {
        ws_send_life(ws, is_silent, wants_script);
        asked_ms = now_ms;
    }
    return (stream->output_ms < asked_ms ? stream->output_ms : asked_ms) + heartbeat_ms;
}

static const struct stream_kind ws_kind = {
    .name = "ws",
    .has_close_code = true,
    .farewell = ws_farewell,
    .look = ws_look,
    .drain = ws_drain,
};

/* --- opening and closing ------------------------------------------------------------------------------------------ */

static void ws_on_closed(struct connection *connection)
{
    struct ws *ws = ws_of(connection);
    parking_forget(&ws_server(ws)->parking, ws->parked);
    stream_close(&ws->stream);
    buffer_fini(&ws->message);
    free(ws->raw_channel);
    free(ws->close_reason);
    free(ws);
}

static const struct connection_ops ws_connection_ops = {
    .on_writable = ws_on_writable,
    .on_piece = ws_on_piece,
    .on_pong = ws_on_pong,
    .on_leaving = ws_on_leaving,
    .on_closed = ws_on_closed,
};

static bool ws_wants_raw(const struct ws *ws, const struct request *request)
{
    struct bytes format;
    return strcmp(connection_subprotocol(&ws->stream.connection), WS_SUBPROTOCOL_RAW) == 0 ||
           (request_arg(request, "format", &format) && bytes_is(format, "raw"));
}

static struct ws *ws_new(struct server *server, struct request *request)
{
    struct ws *ws = calloc(1, sizeof *ws);
    if (!ws)
        return NULL;
    connection_open(&ws->stream.connection, &ws_connection_ops, request);
    stream_open(&ws->stream, &ws_kind, server);
    ws->is_raw = ws_wants_raw(ws, request);
    liveness_init(&ws->liveness, server->now_ms);
    return ws;
}

/* --- the request -------------------------------------------------------------------------------------------------- */

static struct refusal ws_read_request(const struct ws *ws, const struct request *request, struct ask *ask)
{
    const struct session *session = &ws->stream.session;
    if (origin_check(session->all->access, request->origin) == ORIGIN_REFUSED)
        return refusal_about(PROBLEM_FORBIDDEN, "pages of %s may not connect (BRIDGE_ORIGINS)", request->origin);
    struct refusal refusal = session_read_channels(session->all, session->who, request, ask);
    if (!refusal.problem)
        refusal = ask_start(ask, request);
    if (!refusal.problem && ws->is_raw && !ask_is_one_channel(ask))
        refusal = refusal_because(PROBLEM_BAD_CHANNEL, "the raw format needs exactly one channel, and no pattern");
    return refusal;
}

static struct refusal ws_listen(struct ws *ws, const struct ask *ask)
{
    if (ws->is_raw) {
        ws->raw_channel = strndup(ask->channels[0].data, ask->channels[0].len);
        if (!ws->raw_channel)
            return refusal_of(PROBLEM_NO_MEMORY);
    }
    return session_listen(&ws->stream.session, ask, &ws_sink_ops, ws, ws->is_raw ? FORMAT_WS_RAW : FORMAT_WS_JSON);
}

static struct refusal ws_begin(struct ws *ws, const struct request *request)
{
    struct ask ask;
    struct refusal refusal = ws_read_request(ws, request, &ask);
    if (!refusal.problem)
        refusal = ws_listen(ws, &ask);
    if (!refusal.problem && ask.count == 0)
        ws_say_hello(ws, NULL);
    return refusal;
}

/* --- the access check --------------------------------------------------------------------------------------------- */

static void ws_enter(struct ws *ws, const struct request *request, const struct access_answer *answer)
{
    struct refusal refusal = answer->refusal;
    if (!refusal.problem) {
        session_init(&ws->stream.session, &ws_server(ws)->sessions, answer->who, &ws_session_ops,
                     &ws->stream.connection);
        refusal = ws_begin(ws, request);
    }
    if (refusal.problem && refusal.problem->is_final)
        ws_say_error(ws, refusal, BYTES(""));
    if (refusal.problem)
        ws_end(ws, refusal);
}

static void ws_on_known(void *owner, const struct request *request, const struct access_answer *answer)
{
    struct ws *ws = owner;
    ws->parked = NULL;
    if (ws->stream.state >= STREAM_ENDING)
        return;
    connection_resume_reading(&ws->stream.connection);
    ws_enter(ws, request, answer);
}

static void ws_ask_who(struct ws *ws, const struct request *request)
{
    struct parking *parking = &ws_server(ws)->parking;
    struct access_answer answer;
    uint64_t ticket;
    if (parking_ask(parking, &answer, &ticket)) {
        ws_enter(ws, request, &answer);
        return;
    }
    ws->parked = parking_park(parking, ticket, request, ws_on_known, ws);
    if (ws->parked)
        connection_pause_reading(&ws->stream.connection);
    else
        ws_end(ws, refusal_of(PROBLEM_NO_MEMORY));
}

void ws_open(struct server *server, struct request *request)
{
    bool has_room = stream_has_room(server);
    struct ws *ws = ws_new(server, request);
    if (!ws)
        return;
    if (server->drain)
        ws_end(ws, refusal_of(PROBLEM_LEAVING));
    else if (!has_room)
        ws_end(ws, refusal_of(PROBLEM_NO_ROOM));
    else
        ws_ask_who(ws, request);
}
