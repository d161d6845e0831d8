/*
 * Nothing is lost silently: a cursor whose entries may be gone gets a reason; one that misses nothing gets no gap.
 */
#include "cmocka_all.h"
#include "gap.h"

static const struct page page = {.newest = {1000, 5}, .genesis = {100, 0}};
static const struct log_extent whole = {.has_log = true, .oldest = {300, 0}, .trimmed = {200, 0}};
static const struct log_extent absent = {.expired = {600, 0}};

static void assert_complete(const struct log_extent *extent, uint64_t ms, uint64_t seq)
{
    enum gap_reason reason;
    assert_true(gap_is_absent(&page, extent, (struct position){ms, seq}, &reason));
}

static void assert_gap(const struct log_extent *extent, uint64_t ms, uint64_t seq, enum gap_reason expected)
{
    enum gap_reason reason;
    assert_false(gap_is_absent(&page, extent, (struct position){ms, seq}, &reason));
    assert_int_equal(reason, expected);
}

static void the_beginning_is_never_a_gap(void **state)
{
    (void)state;
    assert_complete(&whole, 0, 0);
    assert_complete(&absent, 0, 0);
}

static void newer_than_the_newest_is_ahead(void **state)
{
    (void)state;
    assert_complete(&whole, 1000, 5);
    assert_gap(&whole, 1000, 6, GAP_AHEAD);
    assert_gap(&absent, UINT64_MAX, UINT64_MAX, GAP_AHEAD);
}

static void older_than_genesis_is_reset(void **state)
{
    (void)state;
    assert_gap(&whole, 99, UINT64_MAX, GAP_RESET);
    assert_gap(&absent, 0, 1, GAP_RESET);
}

static void before_the_oldest_entrys_predecessor_is_trimmed(void **state)
{
    (void)state;
    assert_complete(&whole, 200, 0);
    assert_gap(&whole, 199, 9, GAP_TRIMMED);
    assert_gap(&whole, 100, 0, GAP_TRIMMED);
}

static void before_what_may_have_expired_is_expired(void **state)
{
    (void)state;
    assert_complete(&absent, 600, 0);
    assert_gap(&absent, 599, 0, GAP_EXPIRED);
}

static void before_what_redis_lost_is_reset_but_not_from_another_keyspace(void **state)
{
    (void)state;
    const struct page lossy = {.newest = {1000, 5}, .genesis = {100, 0}, .lost = {700, 0}};
    enum gap_reason reason;
    assert_true(gap_is_absent(&lossy, &whole, lossy.lost, &reason));
    assert_false(gap_is_absent(&lossy, &whole, (struct position){699, 9}, &reason));
    assert_int_equal(reason, GAP_LOST);
    assert_false(gap_is_absent(&lossy, &whole, (struct position){199, 9}, &reason));
    assert_int_equal(reason, GAP_TRIMMED);
}

static void names_are_what_browsers_read(void **state)
{
    (void)state;
    assert_string_equal(gap_reason_name(GAP_AHEAD), "ahead");
    assert_string_equal(gap_reason_name(GAP_RESET), "reset");
    assert_string_equal(gap_reason_name(GAP_LOST), "reset");
    assert_string_equal(gap_reason_name(GAP_TRIMMED), "trimmed");
    assert_string_equal(gap_reason_name(GAP_EXPIRED), "expired");
    assert_string_equal(gap_reason_name(GAP_TOO_BIG), "too_big");
    assert_string_equal(gap_reason_name(GAP_OVERLOAD), "overload");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_beginning_is_never_a_gap),
        cmocka_unit_test(newer_than_the_newest_is_ahead),
        cmocka_unit_test(older_than_genesis_is_reset),
        cmocka_unit_test(before_the_oldest_entrys_predecessor_is_trimmed),
        cmocka_unit_test(before_what_may_have_expired_is_expired),
        cmocka_unit_test(before_what_redis_lost_is_reset_but_not_from_another_keyspace),
        cmocka_unit_test(names_are_what_browsers_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
