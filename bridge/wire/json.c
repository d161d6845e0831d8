/*
 * json.c - objects put together by hand: each is written once for all browsers, and this is the hot end of it.
 */
#include "wire/json.h"

#include "broker/broker.h"
#include "wire/json_string.h"

#include <string.h>

void wire_base64(struct buffer *out, const char *bytes, size_t len)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = (const unsigned char *)bytes;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        unsigned three = (unsigned)in[i] << 16 | (left > 1 ? (unsigned)in[i + 1] << 8 : 0) | (left > 2 ? in[i + 2] : 0);
        char four[4] = {letters[three >> 18], letters[three >> 12 & 63], letters[three >> 6 & 63], letters[three & 63]};
        if (left < 3)
            four[3] = '=';
        if (left < 2)
            four[2] = '=';
        buffer_append(out, four, sizeof four);
    }
}

static void json_append_data(struct buffer *out, const struct entry *entry)
{
    buffer_append_text(out, ",\"data\":");
    if (entry->is_text) {
        json_string_append(out, entry->payload, entry->payload_len);
        return;
    }
    buffer_append_text(out, "\"");
    wire_base64(out, entry->payload, entry->payload_len);
    buffer_append_text(out, "\",\"encoding\":\"base64\"");
}

void wire_json_message(struct buffer *out, const struct entry *entry)
{
    /* Room for all but the rarest, so that it is one block. */
    buffer_reserve(out, entry->payload_len + entry->payload_len / 8 + entry->channel_len + 128);
    buffer_append_text(out, "{\"type\":\"message\",\"channel\":");
    json_string_append(out, entry->channel, entry->channel_len);
    if (!position_is_begin(entry->position))
        buffer_printf(out, ",\"id\":\"%s\"", POSITION_TEXT(entry->position));
    json_append_data(out, entry);
    if (entry->event_len > 0) {
        buffer_append_text(out, ",\"event\":");
        json_string_append(out, entry->event, entry->event_len);
    }
    if (entry->from_len > 0) {
        buffer_append_text(out, ",\"from\":");
        json_string_append(out, entry->from, entry->from_len);
    }
    buffer_append_text(out, "}");
}

void wire_json_gap(struct buffer *out, const struct gap *gap)
{
    buffer_append_text(out, "\"channel\":");
    json_string_append(out, gap->channel, strlen(gap->channel));
    buffer_printf(out, ",\"after\":\"%s\",\"oldest\":", POSITION_TEXT(gap->after));
    if (gap->has_oldest)
        buffer_printf(out, "\"%s\"", POSITION_TEXT(gap->oldest));
    else
        buffer_append_text(out, "null");
    buffer_printf(out, ",\"reason\":\"%s\"", gap_reason_name(gap->reason));
}
