/*
 * Whatever a page sends is read as one of our frames or refused with a reason. A ref comes back as the same JSON value,
 * so that the page can match an answer to its request.
 */
#include "frame.h"

#include "cmocka_all.h"

#include <stdio.h>
#include <string.h>

static struct frame frame;

static struct refusal read_bytes(bool is_binary, struct bytes message)
{
    frame_fini(&frame);
    return is_binary ? frame_read_binary(&frame, message) : frame_read_text(&frame, message);
}

static void assert_bytes(struct bytes bytes, const char *expected)
{
    if (!bytes_is(bytes, expected))
        fail_msg("\"%.*s\" is not \"%s\"", (int)bytes.len, bytes.data, expected);
}

static void good(enum frame_type type, const char *text)
{
    struct refusal refusal = read_bytes(false, bytes_of(text));
    if (refusal.problem)
        fail_msg("%s: %s", text, refusal.text);
    assert_int_equal(frame.type, type);
}

static void bad(enum problem_id id, const char *text)
{
    struct refusal refusal = read_bytes(false, bytes_of(text));
    if (refusal.problem != problem_of(id))
        fail_msg("%s is no %s", text, problem_of(id)->code);
}

static void each_type_has_its_members(void **state)
{
    (void)state;
    good(FRAME_SUBSCRIBE, "{\"type\":\"subscribe\",\"channel\":\"public:a\"}");
    assert_bytes(frame.message.channel, "public:a");
    assert_int_equal(frame.start.kind, START_NOW);
    good(FRAME_UNSUBSCRIBE, "{\"type\":\"unsubscribe\",\"channel\":\"public:a\",\"ref\":1}");
    assert_bytes(frame.message.channel, "public:a");
    good(FRAME_PUBLISH,
         "{\"type\":\"publish\",\"channel\":\"c\",\"data\":\"d\\u0000e\",\"event\":\"e\",\"key\":\"k\"}");
    assert_bytes(frame.message.channel, "c");
    assert_int_equal(frame.message.payload.len, 3);
    assert_memory_equal(frame.message.payload.data, "d\0e", 3);
    assert_bytes(frame.message.event, "e");
    assert_bytes(frame.message.key, "k");
    assert_bytes(frame.message.from, "");
    good(FRAME_PUBLISH, "{\"type\":\"publish\",\"channel\":\"c\",\"data\":\"\",\"event\":null}");
    assert_bytes(frame.message.event, "");
    good(FRAME_PONG, "{\"type\":\"pong\"}");
    good(FRAME_AUTH, "{\"type\":\"auth\",\"token\":\"x\"}");
}

static void a_subscription_may_say_where_to_start(void **state)
{
    (void)state;
    good(FRAME_SUBSCRIBE, "{\"type\":\"subscribe\",\"channel\":\"c\",\"after\":\"17-4\",\"replay\":5}");
    assert_int_equal(frame.start.kind, START_AFTER);
    good(FRAME_SUBSCRIBE, "{\"type\":\"subscribe\",\"channel\":\"c\",\"after\":\"\",\"replay\":5}");
    assert_true(frame.start.kind == START_NEWEST && frame.start.count == 5);
    good(FRAME_SUBSCRIBE, "{\"type\":\"subscribe\",\"channel\":\"c\",\"replay\":0}");
    assert_int_equal(frame.start.kind, START_NOW);
    good(FRAME_SUBSCRIBE, "{\"type\":\"subscribe\",\"channel\":\"c\",\"replay\":9223372036854775807}");
    assert_int_equal(frame.start.count, 1000);
    bad(PROBLEM_BAD_CURSOR, "{\"type\":\"subscribe\",\"channel\":\"c\",\"after\":5}");
    bad(PROBLEM_BAD_CURSOR, "{\"type\":\"subscribe\",\"channel\":\"c\",\"after\":\"1-2-3\"}");
    bad(PROBLEM_BAD_CURSOR, "{\"type\":\"subscribe\",\"channel\":\"c\",\"replay\":-1}");
    bad(PROBLEM_BAD_CURSOR, "{\"type\":\"subscribe\",\"channel\":\"c\",\"replay\":1.5}");
    bad(PROBLEM_BAD_CURSOR, "{\"type\":\"subscribe\",\"channel\":\"c\",\"replay\":\"5\"}");
}

static void what_is_no_frame_is_refused(void **state)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "hello",
                                        "{",
                                        "[]",
                                        "1",
                                        "null",
                                        "\"x\"",
                                        "{}",
                                        "{\"type\":null}",
                                        "{\"type\":1}",
                                        "{\"type\":\"\"}",
                                        "{\"type\":\"fly\"}",
                                        "{\"type\":\"Pong\"}",
                                        "{\"type\":\"subscribe\",\"channel\":1}",
                                        "{\"type\":\"unsubscribe\",\"channel\":[]}",
                                        "{\"type\":\"publish\",\"channel\":\"c\"}",
                                        "{\"type\":\"publish\",\"channel\":\"c\",\"data\":1}",
                                        "{\"type\":\"publish\",\"channel\":1,\"data\":\"d\"}",
                                        "{\"type\":\"publish\",\"channel\":\"c\",\"data\":\"d\",\"event\":1}",
                                        "{\"type\":\"publish\",\"channel\":\"c\",\"data\":\"d\",\"key\":1}",
                                        "{\"type\":\"publish\",\"channel\":\"c\",\"data\":\"\\ud800\"}",
                                        "{\"type\":\"pong\"} more",
                                        "{\"type\":\"pong\",\"ref\":{}}",
                                        "{\"type\":\"pong\",\"ref\":1.5}",
                                        "{\"type\":\"pong\",\"ref\":true}"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        bad(PROBLEM_BAD_FRAME, texts[i]);
}

static void a_key_has_up_to_128_bytes(void **state)
{
    char key[MESSAGE_KEY_MAX + 2], text[512];
    (void)state;
    memset(key, 'k', sizeof key);
    key[MESSAGE_KEY_MAX] = '\0';
    snprintf(text, sizeof text, "{\"type\":\"publish\",\"channel\":\"c\",\"data\":\"d\",\"key\":\"%s\"}", key);
    good(FRAME_PUBLISH, text);
    key[MESSAGE_KEY_MAX] = 'k';
    key[MESSAGE_KEY_MAX + 1] = '\0';
    snprintf(text, sizeof text, "{\"type\":\"publish\",\"channel\":\"c\",\"data\":\"d\",\"key\":\"%s\"}", key);
    bad(PROBLEM_BAD_FRAME, text);
}

static void a_ref_comes_back_as_it_was(void **state)
{
    char longest[FRAME_REF_LEN_MAX * 6 + 1] = "", text[512];
    (void)state;
    good(FRAME_PONG, "{\"type\":\"pong\",\"ref\":-12}");
    assert_bytes(frame.ref, "-12");
    good(FRAME_PONG, "{\"type\":\"pong\",\"ref\":\"a\\\"b\"}");
    assert_bytes(frame.ref, "\"a\\\"b\"");
    good(FRAME_PONG, "{\"type\":\"pong\",\"ref\":\"\"}");
    assert_bytes(frame.ref, "\"\"");
    good(FRAME_PONG, "{\"type\":\"pong\",\"ref\":null}");
    assert_bytes(frame.ref, "");
    for (unsigned i = 0; i < FRAME_REF_LEN_MAX; i++)
        strcat(longest, "\\u0001");
    snprintf(text, sizeof text, "{\"type\":\"pong\",\"ref\":\"%s\"}", longest);
    good(FRAME_PONG, text);
    assert_int_equal(frame.ref.len, FRAME_REF_TEXT_MAX);
    snprintf(text, sizeof text, "{\"type\":\"pong\",\"ref\":\"%sx\"}", longest);
    bad(PROBLEM_BAD_FRAME, text);
    assert_bytes(frame.ref, "");
}

/* The client can tell which of its frames was refused. */
static void a_refused_frame_still_has_its_ref(void **state)
{
    (void)state;
    bad(PROBLEM_BAD_FRAME, "{\"type\":\"fly\",\"ref\":5}");
    assert_bytes(frame.ref, "5");
    bad(PROBLEM_BAD_CURSOR, "{\"type\":\"subscribe\",\"channel\":\"c\",\"after\":1,\"ref\":\"x\"}");
    assert_bytes(frame.ref, "\"x\"");
}

#define BINARY(text) read_bytes(true, (struct bytes){text, sizeof(text) - 1})

static void bytes_come_after_a_line(void **state)
{
    (void)state;
    assert_null(BINARY("publish public:a b 7\n\xff\n\0").problem);
    assert_int_equal(frame.type, FRAME_PUBLISH);
    assert_bytes(frame.message.channel, "public:a b");
    assert_bytes(frame.ref, "7");
    assert_int_equal(frame.message.payload.len, 3);
    assert_memory_equal(frame.message.payload.data, "\xff\n\0", 3);
    assert_null(BINARY("publish c \n").problem);
    assert_bytes(frame.message.channel, "c");
    assert_bytes(frame.ref, "");
    assert_int_equal(frame.message.payload.len, 0);
    assert_null(BINARY("publish c 007\n").problem);
    assert_bytes(frame.ref, "\"007\"");
    assert_null(BINARY("publish c 0\n").problem);
    assert_bytes(frame.ref, "0");
    assert_null(BINARY("publish c 123456789012345\n").problem);
    assert_bytes(frame.ref, "123456789012345");
    assert_null(BINARY("publish c 1234567890123456\n").problem);
    assert_bytes(frame.ref, "\"1234567890123456\"");
    assert_null(BINARY("publish c r\xff\n").problem);
    assert_bytes(frame.ref, "\"r\xef\xbf\xbd\"");
}

static void bytes_without_a_line_are_refused(void **state)
{
    (void)state;
    assert_ptr_equal(BINARY("").problem, problem_of(PROBLEM_BAD_FRAME));
    assert_ptr_equal(BINARY("publish").problem, problem_of(PROBLEM_BAD_FRAME));
    assert_ptr_equal(BINARY("publish c 1").problem, problem_of(PROBLEM_BAD_FRAME));
    assert_ptr_equal(BINARY("publish c\nx").problem, problem_of(PROBLEM_BAD_FRAME));
    assert_ptr_equal(BINARY("fly c 1\nx").problem, problem_of(PROBLEM_BAD_FRAME));
    assert_ptr_equal(BINARY("\npublish c 1\n").problem, problem_of(PROBLEM_BAD_FRAME));
    assert_ptr_equal(BINARY("publish c 12345678901234567890123456789012345678901234567890123456789012345\n").problem,
                     problem_of(PROBLEM_BAD_FRAME));
    assert_bytes(frame.ref, "");
}

static int tear_down(void **state)
{
    (void)state;
    frame_fini(&frame);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_has_its_members),   cmocka_unit_test(a_subscription_may_say_where_to_start),
        cmocka_unit_test(what_is_no_frame_is_refused), cmocka_unit_test(a_key_has_up_to_128_bytes),
        cmocka_unit_test(a_ref_comes_back_as_it_was),  cmocka_unit_test(a_refused_frame_still_has_its_ref),
        cmocka_unit_test(bytes_come_after_a_line),     cmocka_unit_test(bytes_without_a_line_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
