/*
 * With "unlimited" open files libwebsockets would use only 2560, so the limit is capped; `auto` never means no worker.
 */
#include "capacity.h"

#include "cmocka_all.h"

#include <sys/resource.h>

static void some_processors(void **state)
{
    (void)state;
    assert_in_range(capacity_processors(), 1, 4096);
}

static void a_cgroup_grants_a_share(void **state)
{
    (void)state;
    assert_int_equal(capacity_granted(BYTES("100000 100000\n")), 1);
    assert_int_equal(capacity_granted(BYTES("150000 100000\n")), 2);
    assert_int_equal(capacity_granted(BYTES("1000 100000\n")), 1);
    assert_int_equal(capacity_granted(BYTES("6400000 100000")), 64);
    assert_int_equal(capacity_granted(BYTES("max 100000\n")), 0);
    assert_int_equal(capacity_granted(BYTES("")), 0);
    assert_int_equal(capacity_granted(BYTES("100000\n")), 0);
    assert_int_equal(capacity_granted(BYTES("100000 0\n")), 0);
}

static void the_limit_of_files_is_raised_to_what_is_sane(void **state)
{
    struct rlimit before, after;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit low = {.rlim_cur = 100, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    unsigned files = capacity_raise_files();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
    assert_int_equal(after.rlim_cur, files);
    assert_in_range(files, before.rlim_max < 1024 * 1024 ? before.rlim_max : 1024 * 1024, 1024 * 1024);
    assert_int_equal(after.rlim_max, before.rlim_max);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_processors),
        cmocka_unit_test(a_cgroup_grants_a_share),
        cmocka_unit_test(the_limit_of_files_is_raised_to_what_is_sane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
