/*
 * json_string.c - runs of bytes that need no escape are copied; the other bytes are escaped one by one.
 */
#include "wire/json_string.h"

#include "base/utf8.h"

#include <stdbool.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

static bool json_string_is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

static void json_string_append_escape(struct buffer *out, unsigned char c)
{
    switch (c) {
    case '"':
        buffer_append(out, "\\\"", 2);
        break;
    case '\\':
        buffer_append(out, "\\\\", 2);
        break;
    case '\n':
        buffer_append(out, "\\n", 2);
        break;
    case '\r':
        buffer_append(out, "\\r", 2);
        break;
    case '\t':
        buffer_append(out, "\\t", 2);
        break;
    default:
        buffer_printf(out, "\\u%04x", c);
    }
}

static void json_string_append_utf8(struct buffer *out, const char *bytes, size_t len)
{
    size_t done = 0;
    for (size_t i = 0; i < len; i++) {
        if (json_string_is_plain((unsigned char)bytes[i]))
            continue;
        buffer_append(out, bytes + done, i - done);
        json_string_append_escape(out, (unsigned char)bytes[i]);
        done = i + 1;
    }
    buffer_append(out, bytes + done, len - done);
}

/* The length in bytes of the character at the start; 0 if there is no valid one. */
static size_t json_string_character_len(const char *bytes, size_t len)
{
    for (size_t n = 1; n <= 4 && n <= len; n++)
        if (utf8_is_valid(bytes, n))
            return n;
    return 0;
}

static void json_string_append_repaired(struct buffer *out, const char *bytes, size_t len)
{
    while (len > 0) {
        size_t n = json_string_character_len(bytes, len);
        if (n > 0)
            json_string_append_utf8(out, bytes, n);
        else
            buffer_append_text(out, REPLACEMENT);
        n += n == 0;
        bytes += n;
        len -= n;
    }
}

void wire_json_string(struct buffer *out, struct bytes bytes)
{
    buffer_append(out, "\"", 1);
    if (utf8_is_valid(bytes.data, bytes.len))
        json_string_append_utf8(out, bytes.data, bytes.len);
    else
        json_string_append_repaired(out, bytes.data, bytes.len);
    buffer_append(out, "\"", 1);
}
