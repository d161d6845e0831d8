/*
 * say.c - puts JSON objects together by hand, each in a WebSocket frame of its own.
 */
#include "say.h"

#include "wire/json.h"
#include "wire/json_string.h"
#include "wire/ws.h"

static void say_append_channel(struct buffer *out, struct bytes channel)
{
    buffer_append_text(out, ",\"channel\":");
    wire_json_string(out, channel);
}

static void say_append_cursor(struct buffer *out, const struct cursor *cursor)
{
    buffer_append_text(out, "\"");
    buffer_append_text(out, CURSOR_TEXT(cursor));
    buffer_append_text(out, "\"");
}

static void say_append_id(struct buffer *out, const struct cursor *cursor)
{
    buffer_append_text(out, ",\"id\":");
    say_append_cursor(out, cursor);
}

static void say_append_ref(struct buffer *out, struct bytes ref)
{
    if (ref.len == 0)
        return;
    buffer_append_text(out, ",\"ref\":");
    buffer_append(out, ref.data, ref.len);
}

/* Returns where the frame begins. */
static size_t say_begin(struct buffer *out, const char *type)
{
    size_t start = out->len;
    buffer_append_text(out, "{\"type\":\"");
    buffer_append_text(out, type);
    buffer_append_text(out, "\"");
    return start;
}

static void say_end(struct buffer *out, size_t start)
{
    buffer_append_text(out, "}");
    wire_ws_wrap(out, start, WS_TEXT);
}

void say_hello(struct buffer *out, const struct hello *hello)
{
    size_t start = say_begin(out, "hello");
    buffer_append_text(out, ",\"cursor\":");
    if (hello->cursor)
        say_append_cursor(out, hello->cursor);
    else
        buffer_append_text(out, "null");
    buffer_printf(out, ",\"heartbeat\":%llu,\"max_payload\":%zu,\"connection\":\"%s\"",
                  (unsigned long long)hello->heartbeat_ms, hello->max_payload, hello->connection);
    say_end(out, start);
}

void say_cursor(struct buffer *out, const struct cursor *cursor)
{
    size_t start = say_begin(out, "cursor");
    say_append_id(out, cursor);
    say_end(out, start);
}

void say_subscribed(struct buffer *out, struct bytes channel, const struct cursor *cursor, struct bytes ref)
{
    size_t start = say_begin(out, "subscribed");
    say_append_channel(out, channel);
    say_append_id(out, cursor);
    say_append_ref(out, ref);
    say_end(out, start);
}

void say_unsubscribed(struct buffer *out, struct bytes channel, struct bytes ref)
{
    size_t start = say_begin(out, "unsubscribed");
    say_append_channel(out, channel);
    say_append_ref(out, ref);
    say_end(out, start);
}

void say_ack(struct buffer *out, struct position position, struct bytes ref)
{
    size_t start = say_begin(out, "ack");
    say_append_ref(out, ref);
    buffer_append_text(out, ",\"id\":");
    wire_json_id(out, position);
    say_end(out, start);
}

void say_error(struct buffer *out, struct refusal refusal, struct bytes ref)
{
    size_t start = say_begin(out, "error");
    say_append_ref(out, ref);
    buffer_append_text(out, ",\"code\":");
    wire_json_string(out, bytes_of(refusal.problem->code));
    buffer_append_text(out, ",\"message\":");
    wire_json_string(out, bytes_of(REFUSAL_TEXT(refusal)));
    say_end(out, start);
}

void say_ping(struct buffer *out)
{
    say_end(out, say_begin(out, "ping"));
}

void say_protocol_ping(struct buffer *out)
{
    size_t start = out->len;
    buffer_append(out, "b", 1); /* libwebsockets reports only pongs that carry something */
    wire_ws_wrap(out, start, WS_PING);
}
