/*
 * What a publisher sends comes out of the standard's parser (with line ends as LF), and none of it can pass for
 * something else: not a payload with `data:` in it, not an event called `gap`, not a channel with a line end.
 */
#include "wire/sse.h"
#include "words/cursor.h"

#include "base/utf8.h"
#include "cmocka_all.h"
#include "wire/encode.h"
#include "wire/format.h"
#include "words/cursor.h"

#include <stdio.h>
#include <string.h>

static struct entry example(const char *payload, size_t len)
{
    return (struct entry){.refs = 1,
                          .is_text = utf8_is_valid(payload, len),
                          .position = {1700000000000, 7},
                          .channel = "public:news",
                          .channel_len = 11,
                          .event = "",
                          .from = "",
                          .payload = payload,
                          .payload_len = len};
}

static void assert_block(unsigned format, const struct entry *entry, const char *expected)
{
    struct buffer out = {0};
    wire_encode(format, entry, NULL, &out);
    buffer_append(&out, "", 1);
    assert_false(out.failed);
    assert_string_equal(out.data, expected);
    buffer_fini(&out);
}

static void assert_lines(const char *payload, const char *expected)
{
    char block[512];
    struct entry entry = example(payload, strlen(payload));
    snprintf(block, sizeof block, "%sid: 1700000000000-7\n\n", expected);
    assert_block(FORMAT_SSE_PLAIN, &entry, block);
}

static void every_line_end_starts_a_data_line(void **state)
{
    (void)state;
    assert_lines("hello", "data: hello\n");
    assert_lines("", "data: \n");
    assert_lines("a\nb", "data: a\ndata: b\n");
    assert_lines("a\rb", "data: a\ndata: b\n");
    assert_lines("a\r\nb", "data: a\ndata: b\n");
    assert_lines("a\n\rb", "data: a\ndata: \ndata: b\n");
    assert_lines("\n", "data: \ndata: \n");
    assert_lines("\r\n\r\n", "data: \ndata: \ndata: \n");
    assert_lines("end\r", "data: end\ndata: \n");
    assert_lines(" leading", "data:  leading\n");
    assert_lines("data: x\nid: 1\nevent: gap\n\n", "data: data: x\ndata: id: 1\ndata: event: gap\ndata: \ndata: \n");
}

static void nul_in_a_payload_stays(void **state)
{
    struct entry entry = example("a\0b", 3);
    struct buffer out = {0};
    (void)state;
    wire_sse_entry(FORMAT_SSE_PLAIN, &entry, NULL, &out);
    assert_memory_equal(out.data, "data: a\0b\nid: ", 14);
    buffer_fini(&out);
}

static void the_event_is_the_publishers_where_one_channel_was_asked_for(void **state)
{
    struct entry entry = example("x", 1);
    (void)state;
    entry.event = "price";
    entry.event_len = 5;
    assert_block(FORMAT_SSE_PLAIN, &entry, "event: price\ndata: x\nid: 1700000000000-7\n\n");
    assert_block(FORMAT_SSE_NAMED, &entry, "event: public:news\ndata: x\nid: 1700000000000-7\n\n");
}

static void an_event_can_not_end_its_line(void **state)
{
    struct entry entry = example("x", 1);
    (void)state;
    entry.event = "a\ndata: forged";
    entry.event_len = strlen(entry.event);
    assert_block(FORMAT_SSE_PLAIN, &entry, "data: x\nid: 1700000000000-7\n\n");
    entry.event = "a\rb";
    entry.event_len = 3;
    assert_block(FORMAT_SSE_PLAIN, &entry, "data: x\nid: 1700000000000-7\n\n");
    entry.channel = "public:\r\ndata: x";
    entry.channel_len = strlen(entry.channel);
    assert_block(FORMAT_SSE_NAMED, &entry, "event: public:??data: x\ndata: x\nid: 1700000000000-7\n\n");
}

static void nobody_else_says_cursor_or_gap(void **state)
{
    struct entry entry = example("x", 1);
    (void)state;
    entry.event = "cursor";
    entry.event_len = 6;
    assert_block(FORMAT_SSE_PLAIN, &entry, "event: cursor;entry\ndata: x\nid: 1700000000000-7\n\n");
    entry.channel = "gap";
    entry.channel_len = 3;
    assert_block(FORMAT_SSE_NAMED, &entry, "event: gap;entry\ndata: x\nid: 1700000000000-7\n\n");
    assert_true(wire_sse_is_reserved(bytes_of("cursor")));
    assert_true(wire_sse_is_reserved(bytes_of("gap")));
    assert_false(wire_sse_is_reserved(bytes_of("gaps")));
}

static void bytes_go_as_base64(void **state)
{
    struct entry entry = example("\xff\x00\xfe", 3);
    (void)state;
    assert_block(FORMAT_SSE_PLAIN, &entry, "event: message;base64\ndata: /wD+\nid: 1700000000000-7\n\n");
    assert_block(FORMAT_SSE_NAMED, &entry, "event: public:news;base64\ndata: /wD+\nid: 1700000000000-7\n\n");
    entry.payload_len = 1;
    entry.event = "e";
    entry.event_len = 1;
    assert_block(FORMAT_SSE_PLAIN, &entry, "event: e;base64\ndata: /w==\nid: 1700000000000-7\n\n");
    entry.payload_len = 2;
    assert_block(FORMAT_SSE_JSON, &entry,
                 "data: {\"type\":\"message\",\"channel\":\"public:news\",\"id\":\"1700000000000-7\",\"data\":\"/wA=\","
                 "\"encoding\":\"base64\",\"event\":\"e\"}\nid: 1700000000000-7\n\n");
}

static void json_is_one_line_whatever_it_says(void **state)
{
    struct entry entry = example("a\"\\\r\n\x01", 6);
    (void)state;
    entry.from = "me";
    entry.from_len = 2;
    assert_block(FORMAT_SSE_JSON, &entry,
                 "data: {\"type\":\"message\",\"channel\":\"public:news\",\"id\":\"1700000000000-7\","
                 "\"data\":\"a\\\"\\\\\\r\\n\\u0001\",\"from\":\"me\"}\nid: 1700000000000-7\n\n");
}

static void what_is_not_recorded_has_no_id(void **state)
{
    struct entry entry = example("x", 1);
    (void)state;
    entry.position = (struct position){0, 0};
    assert_block(FORMAT_SSE_PLAIN, &entry, "data: x\n\n");
    assert_block(FORMAT_SSE_JSON, &entry,
                 "data: {\"type\":\"message\",\"channel\":\"public:news\",\"data\":\"x\"}\n\n");
}

static void assert_text(struct buffer *out, const char *expected)
{
    buffer_append(out, "", 1);
    assert_string_equal(out->data, expected);
    buffer_fini(out);
}

static void our_own_blocks(void **state)
{
    struct cursor place, after_gap;
    struct gap gap = {
        .channel = bytes_of("public:\"x\""), .after = {5, 0}, .reason = GAP_TRIMMED, .cursor = &after_gap};
    struct buffer out = {0};
    (void)state;
    cursor_init(&place, (struct position){5, 6});
    cursor_init(&after_gap, (struct position){6, 1});
    wire_sse_retry(&out, 1234);
    wire_sse_cursor(&out, &place);
    assert_text(&out, "retry: 1234\nevent: cursor\ndata: 5-6\nid: 5-6\n\n");
    wire_sse_gap(&out, &gap);
    assert_text(&out, "event: gap\ndata: {\"channel\":\"public:\\\"x\\\"\",\"after\":\"5-0\",\"oldest\":null,"
                      "\"reason\":\"trimmed\"}\nid: 6-1\n\n");
    gap.has_oldest = true;
    gap.oldest = (struct position){6, 2};
    wire_sse_gap(&out, &gap);
    assert_text(&out, "event: gap\ndata: {\"channel\":\"public:\\\"x\\\"\",\"after\":\"5-0\",\"oldest\":\"6-2\","
                      "\"reason\":\"trimmed\"}\nid: 6-1\n\n");
    wire_sse_comment(&out);
    assert_text(&out, ":\n");
}

static void an_id_can_be_a_cursor_of_several_shards(void **state)
{
    struct entry entry = example("x", 1);
    struct cursor cursor;
    struct buffer out = {0};
    (void)state;
    cursor_init(&cursor, (struct position){5, 0});
    cursor_use_layout(&cursor, 1);
    cursor_advance(&cursor, 3, (struct position){5, 6});
    wire_sse_entry(FORMAT_SSE_PLAIN, &entry, &cursor, &out);
    assert_text(&out, "data: x\nid: 5-0~1306\n\n");
}

static void a_marker_is_a_gap_in_every_format(void **state)
{
    struct entry marker = example("", 0);
    (void)state;
    marker.is_marker = true;
    marker.reason = GAP_TOO_BIG;
    marker.previous = (struct position){1600000000000, 1};
    for (unsigned format = FORMAT_SSE_PLAIN; format <= FORMAT_SSE_JSON; format++)
        assert_block(format, &marker,
                     "event: gap\ndata: {\"channel\":\"public:news\",\"after\":\"1600000000000-1\","
                     "\"oldest\":\"1700000000000-7\",\"reason\":\"too_big\"}\nid: 1700000000000-7\n\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_end_starts_a_data_line),
        cmocka_unit_test(nul_in_a_payload_stays),
        cmocka_unit_test(the_event_is_the_publishers_where_one_channel_was_asked_for),
        cmocka_unit_test(an_event_can_not_end_its_line),
        cmocka_unit_test(nobody_else_says_cursor_or_gap),
        cmocka_unit_test(bytes_go_as_base64),
        cmocka_unit_test(json_is_one_line_whatever_it_says),
        cmocka_unit_test(what_is_not_recorded_has_no_id),
        cmocka_unit_test(our_own_blocks),
        cmocka_unit_test(an_id_can_be_a_cursor_of_several_shards),
        cmocka_unit_test(a_marker_is_a_gap_in_every_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
