/*
 * One row per problem, and each can be said wherever it may come up: programs branch on the code, on the status and on
 * the close code, and a client that comes back forever for what will never be allowed is as bad as one that gives up
 * where it should come back.
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

/* RFC 9110, 15: what begins with 4 is the client's mistake; what begins with 5 may go better next time. */
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
    assert_string_equal(refusal_of(PROBLEM_SILENT).text, "no pong");
    struct refusal refusal = refusal_because(PROBLEM_BAD_CURSOR, "after is not a string");
    assert_string_equal(refusal.problem->code, "bad_cursor");
    assert_string_equal(refusal.text, "after is not a string");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),
        cmocka_unit_test(what_is_final_says_so_by_its_status),
        cmocka_unit_test(what_is_final_says_so_by_its_close_code),
        cmocka_unit_test(a_code_always_has_the_same_status),
        cmocka_unit_test(a_refusal_may_say_more_than_its_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
