/*
 * A browser may send anything as Last-Event-ID: a position is read exactly, everything else is refused.
 */
#include "words/position.h"

#include "cmocka_all.h"

#include <string.h>

static void assert_reads(const char *text, uint64_t ms, uint64_t seq)
{
    struct position p = {7, 7};
    assert_true(position_parse(bytes_of(text), &p));
    assert_int_equal(p.ms, ms);
    assert_int_equal(p.seq, seq);
}

static void reads_what_it_prints(void **state)
{
    const struct position some[] = {{0, 0}, {1, 0}, {0, 1}, {1700000000000, 42}, {UINT64_MAX, UINT64_MAX}};
    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        char text[POSITION_TEXT_MAX];
        size_t len = position_print(text, some[i]);
        assert_int_equal(len, strlen(text));
        assert_string_equal(text, POSITION_TEXT(some[i]));
        assert_reads(text, some[i].ms, some[i].seq);
    }
}

static void reads_short_forms(void **state)
{
    (void)state;
    assert_reads("5", 5, 0);
    assert_reads("0005-0001", 5, 1);
    assert_reads("18446744073709551615-18446744073709551615", UINT64_MAX, UINT64_MAX);
}

static void refuses_the_rest(void **state)
{
    const char *const bad[] = {"",
                               "-",
                               "-1",
                               "1-",
                               "1-2-3",
                               "1-2 ",
                               "1-2\n",
                               " 1-2",
                               "+1-2",
                               "1-+2",
                               "1--2",
                               "a",
                               "1-b",
                               "0x1-0",
                               "1.5-0",
                               "1,0",
                               "18446744073709551616",
                               "1-18446744073709551616",
                               "000000000000000000000000000000000000000001-1",
                               "99999999999999999999999-0"};
    struct position p = {7, 7};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(position_parse(bytes_of(bad[i]), &p));
    assert_false(position_parse(BYTES("1-\0002"), &p));
    assert_false(position_parse((struct bytes){NULL, 0}, &p));
    assert_true(p.ms == 7 && p.seq == 7);
}

static void reads_only_what_is_its_own(void **state)
{
    struct position p;
    (void)state;
    assert_true(position_parse((struct bytes){"12-345", 4}, &p));
    assert_true(p.ms == 12 && p.seq == 3);
}

static void compares(void **state)
{
    const struct position a = {1, 9}, b = {2, 0}, c = {2, 1};
    (void)state;
    assert_true(position_compare(a, b) < 0 && position_compare(c, b) > 0 && position_compare(b, b) == 0);
    assert_int_equal(position_compare(position_max(a, c), c), 0);
    assert_true(position_is_begin(POSITION_BEGIN) && !position_is_begin(a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_prints),
        cmocka_unit_test(reads_short_forms),
        cmocka_unit_test(refuses_the_rest),
        cmocka_unit_test(reads_only_what_is_its_own),
        cmocka_unit_test(compares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
