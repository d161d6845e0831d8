/*
 * Deadlines rely on a clock that never runs backwards, back-off and jitter on evenly distributed random numbers.
 */
#include "base/clock.h"

#include "cmocka_all.h"

#include <stdbool.h>
#include <string.h>

static void never_runs_back(void **state)
{
    uint64_t before = clock_now_ms();
    (void)state;
    assert_true(before > 0);
    for (unsigned i = 0; i < 10000; i++) {
        uint64_t now = clock_now_ms();
        assert_true(now >= before);
        before = now;
    }
}

static void can_be_held(void **state)
{
    (void)state;
    clock_hold(1234);
    assert_int_equal(clock_now_ms(), 1234);
    clock_hold(0);
    assert_int_not_equal(clock_now_ms(), 0);
}

static void wall_is_this_century(void **state)
{
    (void)state;
    assert_true(clock_wall_ms() > 1600000000000 && clock_wall_ms() < 4100000000000);
}

static void dice_are_fair(void **state)
{
    unsigned counts[6] = {0};
    (void)state;
    assert_int_equal(random_below(0), 0);
    assert_int_equal(random_below(1), 0);
    for (unsigned i = 0; i < 6000; i++)
        counts[random_below(6)]++;
    for (unsigned i = 0; i < 6; i++) /* 1000 expected, standard deviation 29 */
        assert_in_range(counts[i], 700, 1300);
    bool has_high = false;
    for (unsigned i = 0; i < 100; i++)
        has_high |= random_below(UINT64_MAX) > UINT64_MAX / 2;
    assert_true(has_high);
}

static void tokens_are_long_and_different(void **state)
{
    char a[33], b[33], one[1] = {'x'};
    (void)state;
    random_token(a, sizeof a);
    random_token(b, sizeof b);
    assert_int_equal(strspn(a, "0123456789abcdefghijklmnopqrstuvwxyz"), 32);
    assert_int_equal(strlen(a), 32);
    assert_string_not_equal(a, b);
    random_token(one, 1);
    assert_int_equal(one[0], '\0');
}

static void is_due_at_once_and_then_every_so_often(void **state)
{
    uint64_t last_ms = 0;
    (void)state;
    clock_hold(1);
    assert_true(clock_is_due(&last_ms, 100));
    assert_false(clock_is_due(&last_ms, 100));
    clock_hold(100);
    assert_false(clock_is_due(&last_ms, 100));
    clock_hold(101);
    assert_true(clock_is_due(&last_ms, 100));
    clock_hold(200);
    assert_false(clock_is_due(&last_ms, 100));
    clock_hold(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_runs_back),
        cmocka_unit_test(can_be_held),
        cmocka_unit_test(is_due_at_once_and_then_every_so_often),
        cmocka_unit_test(wall_is_this_century),
        cmocka_unit_test(dice_are_fair),
        cmocka_unit_test(tokens_are_long_and_different),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
