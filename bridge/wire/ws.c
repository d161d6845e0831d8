/*
 * ws.c - the size of a frame header depends on the length of the payload, so the header is inserted once the payload is
 * complete: one memmove per encoding, however many browsers share it.
 *
 *     FIN opcode | 0 len7 | [len16 or len64] | payload
 *
 * libwebsockets allows this (4.3.5, see its ops-ws.c and output.c): LWS_WRITE_HTTP on a WebSocket is sent unchanged; no
 * extension is negotiated; and since every write here consists of whole frames, and lws buffers in order what does not
 * fit, its own pong and close frames always fall between our frames.
 */
#include "wire/ws.h"

#include "wire/format.h"
#include "wire/json.h"
#include "words/cursor.h"

#include <string.h>

#define HEADER_MAX 10

static size_t ws_header_print(unsigned char header[static HEADER_MAX], enum ws_opcode opcode, uint64_t len)
{
    header[0] = (unsigned char)(0x80 | opcode);
    if (len < 126) {
        header[1] = (unsigned char)len;
        return 2;
    }
    size_t bytes = len < 65536 ? 2 : 8;
    header[1] = bytes == 2 ? 126 : 127;
    for (size_t i = 0; i < bytes; i++)
        header[2 + i] = (unsigned char)(len >> 8 * (bytes - 1 - i));
    return 2 + bytes;
}

void wire_ws_wrap(struct buffer *out, size_t start, enum ws_opcode opcode)
{
    unsigned char header[HEADER_MAX];
    size_t len = out->len - start, header_len = ws_header_print(header, opcode, len);
    if (!buffer_reserve(out, header_len))
        return;
    memmove(out->data + start + header_len, out->data + start, len);
    memcpy(out->data + start, header, header_len);
    out->len += header_len;
}

/* "message <channel> <id>\n", then the bytes; the id is "-" if there is none. */
static void ws_append_binary(struct buffer *out, const struct entry *entry)
{
    bool has_id = !position_is_begin(entry->position);
    buffer_append_text(out, "message ");
    buffer_append(out, entry->channel, entry->channel_len);
    buffer_printf(out, " %s\n", has_id ? POSITION_TEXT(entry->position) : "-");
    buffer_append(out, entry->payload, entry->payload_len);
}

static void ws_append_cursor(struct buffer *out, const struct cursor *cursor)
{
    size_t start = out->len;
    buffer_printf(out, "{\"type\":\"cursor\",\"id\":\"%s\"}", CURSOR_TEXT(cursor));
    wire_ws_wrap(out, start, WS_TEXT);
}

void wire_ws_gap(struct buffer *out, const struct gap *gap)
{
    size_t start = out->len;
    buffer_append_text(out, "{\"type\":\"gap\",");
    wire_json_gap(out, gap);
    buffer_printf(out, ",\"id\":\"%s\"}", CURSOR_TEXT(gap->cursor));
    wire_ws_wrap(out, start, WS_TEXT);
}

void wire_ws_entry(unsigned format, const struct entry *entry, const struct cursor *cursor, struct buffer *out)
{
    size_t start = out->len;
    if (format == FORMAT_WS_RAW)
        buffer_append(out, entry->payload, entry->payload_len);
    else if (entry->is_text)
        wire_json_message(out, entry, cursor);
    else
        ws_append_binary(out, entry);
    wire_ws_wrap(out, start, entry->is_text ? WS_TEXT : WS_BINARY);
    if (cursor && format == FORMAT_WS_JSON && !entry->is_text)
        ws_append_cursor(out, cursor);
}
