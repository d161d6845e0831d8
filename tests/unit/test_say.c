/*
 * What clients depend on, byte for byte: each message is one text frame with a JSON object whose type comes first.
 */
#include "say.h"

#include "cmocka_all.h"

#include <string.h>

static struct buffer out;

static const struct cursor *at(uint64_t ms, uint64_t seq)
{
    static struct cursor cursor;
    cursor_init(&cursor, (struct position){ms, seq});
    return &cursor;
}

static void assert_frame(const char *expected)
{
    assert_false(out.failed);
    assert_int_equal((unsigned char)out.data[0], 0x81);
    size_t header = out.len - 2 < 126 ? 2 : 4;
    assert_int_equal(out.len, header + strlen(expected));
    assert_memory_equal(out.data + header, expected, strlen(expected));
    buffer_clear(&out);
}

static void hello_says_what_a_client_needs(void **state)
{
    struct hello hello = {.cursor = at(17, 4), .heartbeat_ms = 15000, .max_payload = 65536, .connection = "0a"};
    (void)state;
    say_hello(&out, &hello);
    assert_frame("{\"type\":\"hello\",\"cursor\":\"17-4\",\"heartbeat\":15000,\"max_payload\":65536,"
                 "\"connection\":\"0a\"}");
    hello.cursor = NULL;
    say_hello(&out, &hello);
    assert_frame(
        "{\"type\":\"hello\",\"cursor\":null,\"heartbeat\":15000,\"max_payload\":65536,\"connection\":\"0a\"}");
}

static void answers_give_the_ref_back(void **state)
{
    struct bytes none = {"", 0};
    (void)state;
    say_subscribed(&out, bytes_of("a\"b"), at(5, 6), bytes_of("\"r\""));
    assert_frame("{\"type\":\"subscribed\",\"channel\":\"a\\\"b\",\"id\":\"5-6\",\"ref\":\"r\"}");
    say_subscribed(&out, bytes_of("a"), at(5, 6), none);
    assert_frame("{\"type\":\"subscribed\",\"channel\":\"a\",\"id\":\"5-6\"}");
    say_unsubscribed(&out, bytes_of("a"), bytes_of("7"));
    assert_frame("{\"type\":\"unsubscribed\",\"channel\":\"a\",\"ref\":7}");
    say_ack(&out, (struct position){5, 6}, bytes_of("7"));
    assert_frame("{\"type\":\"ack\",\"ref\":7,\"id\":\"5-6\"}");
    say_ack(&out, POSITION_BEGIN, none);
    assert_frame("{\"type\":\"ack\",\"id\":null}");
    say_error(&out, refusal_because(PROBLEM_FORBIDDEN, "not open to you"), bytes_of("7"));
    assert_frame("{\"type\":\"error\",\"ref\":7,\"code\":\"forbidden\",\"message\":\"not open to you\"}");
}

static void places_and_signs_of_life(void **state)
{
    (void)state;
    say_cursor(&out, at(5, 6));
    assert_frame("{\"type\":\"cursor\",\"id\":\"5-6\"}");
    say_ping(&out);
    assert_frame("{\"type\":\"ping\"}");
    say_protocol_ping(&out);
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.data,
                        "\x89\x01"
                        "b",
                        3);
    buffer_clear(&out);
}

static void several_may_go_out_together(void **state)
{
    (void)state;
    say_cursor(&out, at(5, 6));
    say_ping(&out);
    assert_int_equal((unsigned char)out.data[0], 0x81);
    size_t first = 2 + (size_t)out.data[1];
    assert_int_equal((unsigned char)out.data[first], 0x81);
    assert_int_equal(out.len, first + 2 + (size_t)out.data[first + 1]);
    buffer_clear(&out);
}

static int tear_down(void **state)
{
    (void)state;
    buffer_fini(&out);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_says_what_a_client_needs),
        cmocka_unit_test(answers_give_the_ref_back),
        cmocka_unit_test(places_and_signs_of_life),
        cmocka_unit_test(several_may_go_out_together),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
