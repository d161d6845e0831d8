/*
 * Frames go to the socket exactly as they are built here, so every byte of their headers must be right; and a text
 * frame that is not UTF-8 would make every browser close its connection.
 */
#include "wire/ws.h"

#include "base/utf8.h"
#include "cmocka_all.h"
#include "wire/encode.h"
#include "wire/format.h"
#include "words/cursor.h"

#include <stdlib.h>
#include <string.h>

static void assert_header(size_t len, const unsigned char *header, size_t header_len)
{
    struct buffer out = {0};
    char *payload = malloc(len + 1);
    memset(payload, 'x', len);
    buffer_append_text(&out, "before");
    buffer_append(&out, payload, len);
    wire_ws_wrap(&out, 6, WS_TEXT);
    assert_int_equal(out.len, 6 + header_len + len);
    assert_memory_equal(out.data, "before", 6);
    assert_memory_equal(out.data + 6, header, header_len);
    assert_memory_equal(out.data + 6 + header_len, payload, len);
    free(payload);
    buffer_fini(&out);
}

static void the_length_has_three_sizes(void **state)
{
    (void)state;
    assert_header(0, (const unsigned char[]){0x81, 0}, 2);
    assert_header(125, (const unsigned char[]){0x81, 125}, 2);
    assert_header(126, (const unsigned char[]){0x81, 126, 0, 126}, 4);
    assert_header(65535, (const unsigned char[]){0x81, 126, 0xff, 0xff}, 4);
    assert_header(65536, (const unsigned char[]){0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0}, 10);
}

static void a_frame_can_be_a_ping(void **state)
{
    struct buffer out = {0};
    (void)state;
    buffer_append(&out, "b", 1);
    wire_ws_wrap(&out, 0, WS_PING);
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.data,
                        "\x89\x01"
                        "b",
                        3);
    buffer_fini(&out);
}

static struct entry example(const char *payload, size_t len)
{
    return (struct entry){.refs = 1,
                          .is_text = utf8_is_valid(payload, len),
                          .position = {5, 6},
                          .channel = "public:a b",
                          .channel_len = 10,
                          .event = "",
                          .from = "",
                          .payload = payload,
                          .payload_len = len};
}

static void assert_frame(unsigned format, const struct entry *entry, unsigned char opcode, const char *payload,
                         size_t payload_len)
{
    struct buffer out = {0};
    wire_ws_entry(format, entry, NULL, &out);
    assert_int_equal((unsigned char)out.data[0], opcode);
    assert_int_equal(out.len, payload_len + 2);
    assert_memory_equal(out.data + 2, payload, payload_len);
    buffer_fini(&out);
}

#define FRAME(format, entry, opcode, text) assert_frame(format, entry, opcode, text, sizeof(text) - 1)

static void text_is_json_or_itself(void **state)
{
    struct entry entry = example("h\xc3\xa9\n", 4);
    (void)state;
    FRAME(FORMAT_WS_JSON, &entry, 0x81,
          "{\"type\":\"message\",\"channel\":\"public:a b\",\"id\":\"5-6\",\"data\":\"h\xc3\xa9\\n\"}");
    FRAME(FORMAT_WS_RAW, &entry, 0x81, "h\xc3\xa9\n");
}

static void bytes_are_a_binary_frame(void **state)
{
    struct entry entry = example("\xff\0\n", 3);
    (void)state;
    FRAME(FORMAT_WS_JSON, &entry, 0x82, "message public:a b 5-6\n\xff\0\n");
    FRAME(FORMAT_WS_RAW, &entry, 0x82, "\xff\0\n");
    entry.position = (struct position){0, 0};
    FRAME(FORMAT_WS_JSON, &entry, 0x82, "message public:a b -\n\xff\0\n");
}

static void frames_follow_each_other(void **state)
{
    struct entry entry = example("x", 1);
    struct buffer out = {0};
    (void)state;
    wire_ws_entry(FORMAT_WS_RAW, &entry, NULL, &out);
    wire_ws_entry(FORMAT_WS_RAW, &entry, NULL, &out);
    assert_int_equal(out.len, 6);
    assert_memory_equal(out.data, "\x81\x01x\x81\x01x", 6);
    buffer_fini(&out);
}

static void a_text_frame_is_always_utf8(void **state)
{
    struct entry entry = example("x", 1);
    (void)state;
    entry.channel = "public:\xff";
    entry.channel_len = 8;
    entry.event = "\xc3(";
    entry.event_len = 2;
    FRAME(FORMAT_WS_JSON, &entry, 0x81,
          "{\"type\":\"message\",\"channel\":\"public:\xef\xbf\xbd\",\"id\":\"5-6\",\"data\":\"x\","
          "\"event\":\"\xef\xbf\xbd(\"}");
}

/* The id stays the entry's position. JSON gets the cursor too if it differs; binary data gets it as a second frame. */
static void a_cursor_of_several_shards_goes_along(void **state)
{
    struct entry text = example("x", 1), bytes = example("\xff", 1);
    struct cursor cursor;
    struct buffer out = {0};
    (void)state;
    cursor_init(&cursor, (struct position){5, 6});
    wire_ws_entry(FORMAT_WS_JSON, &text, &cursor, &out);
    assert_null(memmem(out.data, out.len, "cursor", 6));
    buffer_clear(&out);
    cursor.base = (struct position){5, 0};
    cursor_use_layout(&cursor, 1);
    cursor_advance(&cursor, 3, (struct position){5, 6});
    wire_ws_entry(FORMAT_WS_JSON, &text, &cursor, &out);
    assert_non_null(memmem(out.data, out.len, "\"id\":\"5-6\",\"cursor\":\"5-0~1306\"", 30));
    buffer_clear(&out);
    wire_ws_entry(FORMAT_WS_JSON, &bytes, &cursor, &out);
    assert_non_null(
        memmem(out.data, out.len, "public:a b 5-6\n\xff\x81\x21{\"type\":\"cursor\",\"id\":\"5-0~1306\"}", 51));
    buffer_fini(&out);
}

static void a_marker_is_a_gap_or_nothing(void **state)
{
    static const char gap[] = "{\"type\":\"gap\",\"channel\":\"public:a b\",\"after\":\"4-1\",\"oldest\":\"5-6\","
                              "\"reason\":\"overload\",\"id\":\"5-6\"}";
    struct entry marker = example("", 0);
    struct buffer out = {0};
    (void)state;
    marker.is_marker = true;
    marker.reason = GAP_OVERLOAD;
    marker.previous = (struct position){4, 1};
    wire_encode(FORMAT_WS_RAW, &marker, NULL, &out);
    assert_int_equal(out.len, 0);
    wire_encode(FORMAT_WS_JSON, &marker, NULL, &out);
    assert_int_equal(out.len, 2 + sizeof gap - 1);
    assert_memory_equal(out.data + 2, gap, sizeof gap - 1);
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_length_has_three_sizes),
        cmocka_unit_test(a_frame_can_be_a_ping),
        cmocka_unit_test(text_is_json_or_itself),
        cmocka_unit_test(bytes_are_a_binary_frame),
        cmocka_unit_test(frames_follow_each_other),
        cmocka_unit_test(a_text_frame_is_always_utf8),
        cmocka_unit_test(a_cursor_of_several_shards_goes_along),
        cmocka_unit_test(a_marker_is_a_gap_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
