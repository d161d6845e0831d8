/*
 * An error that lasts is logged at once, and then ever more rarely. The log is in this file.
 */
#include "redis/complaint.h"

#include "base/clock.h"
#include "cmocka_all.h"
#include "redis/remedy.h"

#include <string.h>

static uint64_t now_ms;
static unsigned lines;

unsigned remedy_kind(const char *error)
{
    return strncmp(error, "OOM", 3) == 0 ? 1 : 2;
}

void remedy_warn(const char *event, const char *error)
{
    (void)event, (void)error;
    lines++;
}

/* The error is answered ten times a second for so long. -> the lines that were logged */
static unsigned hear_for(struct complaint *complaint, const char *error, uint64_t ms)
{
    lines = 0;
    for (uint64_t end_ms = now_ms + ms; now_ms < end_ms; now_ms += 100) {
        clock_hold(now_ms);
        complaint_hear(complaint, "event", error);
    }
    return lines;
}

static int reset(void **state)
{
    (void)state;
    now_ms = 1000000;
    return 0;
}

static void test_a_lasting_error_is_logged_ever_more_rarely(void **state)
{
    struct complaint complaint = {0};
    (void)state;
    assert_int_equal(hear_for(&complaint, "OOM", 900), 1);
    assert_int_equal(hear_for(&complaint, "OOM", 1800), 1);
    assert_int_equal(hear_for(&complaint, "OOM", 3600), 1);
    assert_in_range(hear_for(&complaint, "OOM", 3600000), 12 + 5, 12 + 8);
    assert_in_range(hear_for(&complaint, "OOM", 3600000), 11, 12); /* every 5 minutes */
}

static void test_another_error_is_logged_at_once(void **state)
{
    struct complaint complaint = {0};
    (void)state;
    hear_for(&complaint, "OOM", 60000);
    assert_int_equal(hear_for(&complaint, "READONLY", 100), 1);
    assert_int_equal(complaint.kind, 2);
}

static void test_an_error_that_comes_and_goes_does_not_fill_the_log(void **state)
{
    struct complaint complaint = {0};
    (void)state;
    lines = 0;
    for (unsigned i = 0; i < 36000; i++, now_ms += 100) {
        clock_hold(now_ms);
        complaint_hear(&complaint, "event", "OOM");
        assert_int_equal(complaint.kind, 1);
        complaint_end(&complaint);
        assert_int_equal(complaint.kind, 0);
    }
    assert_in_range(lines, 12, 20);
}

static void test_an_error_that_comes_back_after_long_is_logged_at_once(void **state)
{
    struct complaint complaint = {0};
    (void)state;
    hear_for(&complaint, "OOM", 3600000);
    complaint_end(&complaint);
    now_ms += 3600000;
    assert_int_equal(hear_for(&complaint, "OOM", 900), 1);
    assert_int_equal(hear_for(&complaint, "OOM", 1800), 1); /* its pauses begin anew */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_lasting_error_is_logged_ever_more_rarely, reset),
        cmocka_unit_test_setup(test_another_error_is_logged_at_once, reset),
        cmocka_unit_test_setup(test_an_error_that_comes_and_goes_does_not_fill_the_log, reset),
        cmocka_unit_test_setup(test_an_error_that_comes_back_after_long_is_logged_at_once, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
