/*
 * json.c - JSON written by hand: this is a hot path, although most objects are written once for all browsers.
 */
#include "wire/json.h"

#include "wire/base64.h"
#include "wire/json_string.h"
#include "words/cursor.h"

static void json_append_data(struct buffer *out, const struct entry *entry)
{
    buffer_append_text(out, ",\"data\":");
    if (entry->is_text) {
        wire_json_string(out, (struct bytes){entry->payload, entry->payload_len});
        return;
    }
    buffer_append_text(out, "\"");
    wire_base64(out, (struct bytes){entry->payload, entry->payload_len});
    buffer_append_text(out, "\",\"encoding\":\"base64\"");
}

void wire_json_message(struct buffer *out, const struct entry *entry, const struct cursor *cursor)
{
    /* Enough for almost every message, so that the buffer is allocated once. */
    buffer_reserve(out, entry->payload_len + entry->payload_len / 8 + entry->channel_len + 128);
    buffer_append_text(out, "{\"type\":\"message\",\"channel\":");
    wire_json_string(out, (struct bytes){entry->channel, entry->channel_len});
    if (!position_is_begin(entry->position))
        buffer_printf(out, ",\"id\":\"%s\"", POSITION_TEXT(entry->position));
    if (cursor && (cursor->count > 0 || position_compare(cursor->base, entry->position) != 0))
        buffer_printf(out, ",\"cursor\":\"%s\"", CURSOR_TEXT(cursor));
    json_append_data(out, entry);
    if (entry->event_len > 0) {
        buffer_append_text(out, ",\"event\":");
        wire_json_string(out, (struct bytes){entry->event, entry->event_len});
    }
    if (entry->from_len > 0) {
        buffer_append_text(out, ",\"from\":");
        wire_json_string(out, (struct bytes){entry->from, entry->from_len});
    }
    buffer_append_text(out, "}");
}

void wire_json_id(struct buffer *out, struct position position)
{
    if (position_is_begin(position))
        buffer_append_text(out, "null");
    else
        buffer_printf(out, "\"%s\"", POSITION_TEXT(position));
}

void wire_json_gap(struct buffer *out, const struct gap *gap)
{
    buffer_append_text(out, "\"channel\":");
    wire_json_string(out, gap->channel);
    buffer_printf(out, ",\"after\":\"%s\",\"oldest\":", POSITION_TEXT(gap->after));
    if (gap->has_oldest)
        buffer_printf(out, "\"%s\"", POSITION_TEXT(gap->oldest));
    else
        buffer_append_text(out, "null");
    buffer_printf(out, ",\"reason\":\"%s\"", gap_reason_name(gap->reason));
}
