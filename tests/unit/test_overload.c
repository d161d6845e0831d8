/*
 * While the queue is full, each channel needs one marker, and too many channels one gap for everybody: markers must not take the
 * memory that is missing.
 */
#include "overload.h"

#include "cmocka_all.h"

#include <stdio.h>

static enum overload_mark lose(struct overload *overload, unsigned channel)
{
    char name[16];
    int len = snprintf(name, sizeof name, "public:%u", channel);
    return overload_lose(overload, (struct bytes){name, (size_t)len});
}

static void a_channel_is_marked_once_in_a_run(void **state)
{
    struct overload overload = {0};
    (void)state;
    for (unsigned run = 0; run < 2; run++) {
        assert_int_equal(lose(&overload, 1), OVERLOAD_CHANNEL);
        assert_int_equal(lose(&overload, 1), OVERLOAD_MARKED);
        assert_int_equal(lose(&overload, 2), OVERLOAD_CHANNEL);
        assert_int_equal(lose(&overload, 1), OVERLOAD_MARKED);
        overload_end(&overload);
    }
}

static void too_many_channels_are_one_loss_for_everybody(void **state)
{
    struct overload overload = {0};
    (void)state;
    for (unsigned channel = 0; channel < 1000; channel++)
        assert_int_equal(lose(&overload, channel), OVERLOAD_CHANNEL);
    assert_int_equal(lose(&overload, 1000), OVERLOAD_ALL);
    assert_int_equal(lose(&overload, 1000), OVERLOAD_MARKED);
    assert_int_equal(lose(&overload, 1001), OVERLOAD_MARKED);
    overload_end(&overload);
    assert_int_equal(lose(&overload, 1001), OVERLOAD_CHANNEL);
    overload_end(&overload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_channel_is_marked_once_in_a_run),
        cmocka_unit_test(too_many_channels_are_one_loss_for_everybody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
