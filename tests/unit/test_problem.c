/*
 * One row per problem, and each can be reported wherever it may occur: programs branch on the code, on the status and
 * on the close code, and a client that retries forever what will never be allowed is as bad as one that gives up when
 * it should retry.
 */
#include "access/problem.h"

#include "cmocka_all.h"

#include <string.h>

#define CLOSE_REASON_MAX 123 /* RFC 6455, 5.5 and 5.5.1: 125 bytes, two of which are the code */

static void every_row_is_whole(void **state)
{
    (void)state;
    for (unsigned id = 0; id < PROBLEM_COUNT; id++) {
        const struct problem *problem = problem_of((enum problem_id)id);
        assert_non_null(problem->code);
        assert_int_equal(strspn(problem->code, "abcdefghijklmnopqrstuvwxyz_"), strlen(problem->code));
        assert_non_null(problem->sentence);
        assert_in_range(strlen(problem->sentence), 1, CLOSE_REASON_MAX);
        assert_true(problem->status == 0 || (problem->status >= 400 && problem->status < 600));
    }
}

/* RFC 9110, 15: a status of 4xx is the client's mistake; after 5xx a retry may succeed. */
static void what_is_final_says_so_by_its_status(void **state)
{
    (void)state;
    for (unsigned id = 0; id < PROBLEM_COUNT; id++) {
        const struct problem *problem = problem_of((enum problem_id)id);
        if (problem->status != 0)
            assert_int_equal(problem->is_final, problem->status < 500);
    }
}

static void what_is_final_says_so_by_its_close_code(void **state)
{
    (void)state;
    for (unsigned id = 0; id < PROBLEM_COUNT; id++) {
        const struct problem *problem = problem_of((enum problem_id)id);
        switch (problem->close) {
        case WS_CLOSE_NONE:
            break;
        case WS_CLOSE_POLICY:
        case WS_CLOSE_TOO_BIG:
        case WS_CLOSE_FORBIDDEN:
            assert_true(problem->is_final);
            break;
        case WS_CLOSE_INTERNAL:
        case WS_CLOSE_RESTART:
        case WS_CLOSE_LATER:
        case WS_CLOSE_SILENT:
            assert_false(problem->is_final);
            break;
        }
    }
}

static void a_code_always_has_the_same_status(void **state)
{
    (void)state;
    for (unsigned a = 0; a < PROBLEM_COUNT; a++)
        for (unsigned b = 0; b < a; b++)
            if (strcmp(problem_of((enum problem_id)a)->code, problem_of((enum problem_id)b)->code) == 0)
                assert_int_equal(problem_of((enum problem_id)a)->status, problem_of((enum problem_id)b)->status);
}

static void a_refusal_may_say_more_than_its_row(void **state)
{
    (void)state;
    assert_null(REFUSAL_NONE.problem);
    assert_string_equal(REFUSAL_TEXT(refusal_of(PROBLEM_SILENT)), problem_of(PROBLEM_SILENT)->sentence);
    struct refusal refusal = refusal_because(PROBLEM_BAD_CURSOR, "after must be a string");
    assert_string_equal(refusal.problem->code, "bad_cursor");
    assert_string_equal(REFUSAL_TEXT(refusal), "after must be a string");
}

static const char *about(struct bytes subject)
{
    static char text[REFUSAL_TEXT_MAX];
    return refusal_print(text, refusal_about(PROBLEM_FORBIDDEN, "channel %s is not open", subject));
}

static void a_refusal_quotes_what_the_client_sent(void **state)
{
    (void)state;
    assert_string_equal(about(BYTES("chat:x")), "channel \"chat:x\" is not open");
    assert_string_equal(about(BYTES("")), "channel \"\" is not open");
    assert_string_equal(about((struct bytes){NULL, 0}), "channel \"\" is not open");
    assert_string_equal(about(BYTES("100% %s %n")), "channel \"100% %s %n\" is not open");
    assert_string_equal(about(BYTES("caf\xC3\xA9")), "channel \"caf\xC3\xA9\" is not open");
    assert_string_equal(about(BYTES("a\nb")), "channel \"a\\x0ab\" is not open");
    assert_string_equal(about(BYTES("\xff")), "channel \"\\xff\" is not open");
    assert_string_equal(about(BYTES("\xC2\x9B")), "channel \"\\xc2\\x9b\" is not open");
    assert_string_equal(about(BYTES("\xE2\x80\xAE")), "channel \"\\xe2\\x80\\xae\" is not open");
    assert_string_equal(about(BYTES("\xE2\x80\xA6 \xC2\xA0")), "channel \"\xE2\x80\xA6 \xC2\xA0\" is not open");
    assert_string_equal(REFUSAL_TEXT(refusal_limit(PROBLEM_TOO_LARGE, "at most %u bytes", UINT64_MAX)),
                        "at most 18446744073709551615 bytes");
}

/* A name of 256 bytes is not quoted in full, and is cut between characters. */
static void a_long_subject_is_cut(void **state)
{
    char name[256];
    (void)state;
    memset(name, 'x', sizeof name);
    assert_string_equal(about((struct bytes){name, 64}) + 73, "\" is not open");
    assert_string_equal(about((struct bytes){name, 65}) + 73, "...\" is not open");
    memcpy(name + 63, "\xC3\xA9", 2);
    assert_string_equal(about((struct bytes){name, 65}) + 72, "...\" is not open");
    memset(name, '\x01', sizeof name);
    assert_string_equal(about((struct bytes){name, sizeof name}) + 9 + 4 * 64, "\" is not open");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(what_is_final_says_so_by_its_status),
        cmocka_unit_test(what_is_final_says_so_by_its_close_code),
        cmocka_unit_test(a_code_always_has_the_same_status),
        cmocka_unit_test(a_refusal_may_say_more_than_its_row),
        cmocka_unit_test(a_refusal_quotes_what_the_client_sent),
        cmocka_unit_test(a_long_subject_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
