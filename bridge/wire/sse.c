/*
 * sse.c - an entry, with all its optional parts:
 *
 *     event: <name>[;entry][;base64]
 *     data: <a line of the payload>        one field per line; CR, LF and CRLF all end a line
 *     id: <cursor>                         last, because fetch-event-source commits it before the event is delivered
 *                                          (absent if the entry is ephemeral)
 */
#include "wire/sse.h"

#include "wire/base64.h"
#include "wire/format.h"
#include "wire/json.h"
#include "words/cursor.h"

#include <string.h>

static bool sse_ends_a_line(char c)
{
    return c == '\r' || c == '\n' || c == '\0'; /* a NUL would be harmless, but is never intended */
}

bool wire_sse_is_reserved(struct bytes name)
{
    return bytes_is(name, "cursor") || bytes_is(name, "gap");
}

/* A publisher's event name that contains a line break is ignored. */
static bool sse_is_usable(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (sse_ends_a_line(name[i]))
            return false;
    return len > 0;
}

/* Clients tell channels apart by this name, so it can't be left out. Only a channel that a pattern matched can contain
 * line breaks. */
static void sse_append_channel(struct buffer *out, const struct entry *entry)
{
    for (size_t i = 0; i < entry->channel_len; i++)
        buffer_append(out, sse_ends_a_line(entry->channel[i]) ? "?" : &entry->channel[i], 1);
}

static void sse_append_event(struct buffer *out, bool is_named, const struct entry *entry)
{
    const char *name = is_named ? entry->channel : entry->event;
    size_t len = is_named ? entry->channel_len : entry->event_len;
    bool has_name = is_named || sse_is_usable(name, len);
    if (!has_name && entry->is_text)
        return;
    buffer_append_text(out, "event: ");
    if (is_named)
        sse_append_channel(out, entry);
    else
        buffer_append(out, has_name ? name : "message", has_name ? len : 7);
    if (has_name && wire_sse_is_reserved((struct bytes){name, len}))
        buffer_append_text(out, ";entry");
    buffer_append_text(out, entry->is_text ? "\n" : ";base64\n");
}

static void sse_append_line(struct buffer *out, const char *bytes, size_t len)
{
    buffer_append(out, "data: ", 6);
    buffer_append(out, bytes, len);
    buffer_append(out, "\n", 1);
}

static size_t sse_line_len(const char *bytes, size_t len)
{
    const char *lf = memchr(bytes, '\n', len);
    size_t until = lf ? (size_t)(lf - bytes) : len;
    const char *cr = memchr(bytes, '\r', until);
    return cr ? (size_t)(cr - bytes) : until;
}

static void sse_append_lines(struct buffer *out, const char *bytes, size_t len)
{
    for (;;) {
        size_t n = sse_line_len(bytes, len);
        sse_append_line(out, bytes, n);
        if (n == len)
            return;
        size_t end = bytes[n] == '\r' && n + 1 < len && bytes[n + 1] == '\n' ? 2 : 1;
        bytes += n + end;
        len -= n + end;
    }
}

static void sse_append_data(struct buffer *out, unsigned format, const struct entry *entry, const struct cursor *cursor)
{
    if (format == FORMAT_SSE_JSON) {
        buffer_append(out, "data: ", 6);
        wire_json_message(out, entry, cursor);
        buffer_append(out, "\n", 1);
    } else if (entry->is_text) {
        sse_append_lines(out, entry->payload, entry->payload_len);
    } else {
        buffer_append(out, "data: ", 6);
        wire_base64(out, (struct bytes){entry->payload, entry->payload_len});
        buffer_append(out, "\n", 1);
    }
}

void wire_sse_entry(unsigned format, const struct entry *entry, const struct cursor *cursor, struct buffer *out)
{
    buffer_reserve(out, entry->payload_len + entry->channel_len + 64);
    if (format != FORMAT_SSE_JSON)
        sse_append_event(out, format == FORMAT_SSE_NAMED, entry);
    sse_append_data(out, format, entry, cursor);
    if (cursor && !position_is_begin(entry->position))
        buffer_printf(out, "id: %s\n", CURSOR_TEXT(cursor));
    else if (!position_is_begin(entry->position))
        buffer_printf(out, "id: %s\n", POSITION_TEXT(entry->position));
    buffer_append(out, "\n", 1);
}

void wire_sse_retry(struct buffer *out, unsigned retry_ms)
{
    buffer_printf(out, "retry: %u\n", retry_ms);
}

void wire_sse_cursor(struct buffer *out, const struct cursor *cursor)
{
    char text[CURSOR_TEXT_MAX];
    cursor_print(text, cursor);
    buffer_printf(out, "event: cursor\ndata: %s\nid: %s\n\n", text, text);
}

void wire_sse_gap(struct buffer *out, const struct gap *gap)
{
    buffer_append_text(out, "event: gap\ndata: {");
    wire_json_gap(out, gap);
    buffer_printf(out, "}\nid: %s\n\n", CURSOR_TEXT(gap->cursor));
}

void wire_sse_comment(struct buffer *out)
{
    buffer_append(out, ":\n", 2);
}
