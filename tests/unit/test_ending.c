/*
 * The reasons are values of a metric's label: each has a unique name, and each refusal counts under the right one.
 */
#include "serve/ending.h"

#include "access/problem.h"
#include "cmocka_all.h"

#include <string.h>

static void each_reason_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (unsigned a = 0; a < ENDINGS; a++) {
        const char *name = ending_name((enum ending)a);
        assert_non_null(name);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz"), strlen(name));
        for (unsigned b = 0; b < a; b++)
            assert_string_not_equal(name, ending_name((enum ending)b));
    }
}

static void a_refusal_counts_as_what_it_is(void **state)
{
    (void)state;
    assert_int_equal(ending_of(problem_of(PROBLEM_FORBIDDEN)), ENDING_POLICY);
    assert_int_equal(ending_of(problem_of(PROBLEM_BAD_CHANNEL)), ENDING_POLICY);
    assert_int_equal(ending_of(problem_of(PROBLEM_TOO_LARGE)), ENDING_POLICY);
    assert_int_equal(ending_of(problem_of(PROBLEM_LEAVING)), ENDING_DRAIN);
    assert_int_equal(ending_of(problem_of(PROBLEM_NO_ROOM)), ENDING_UNAVAILABLE);
    assert_int_equal(ending_of(problem_of(PROBLEM_UNANSWERED)), ENDING_UNAVAILABLE);
    assert_int_equal(ending_of(problem_of(PROBLEM_NO_MEMORY)), ENDING_MEMORY);
    assert_int_equal(ending_of(problem_of(PROBLEM_SILENT)), ENDING_SILENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reason_has_a_name_of_its_own),
        cmocka_unit_test(a_refusal_counts_as_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
