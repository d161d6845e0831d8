/*
 * A channel belongs to the shard that its Redis Cluster hash slot maps to.
 */
#include "words/keyslot.h"

#include "cmocka_all.h"

#include <stdio.h>

/* The answers of CLUSTER KEYSLOT in Redis 7.0. */
static void slots_are_those_of_redis(void **state)
{
    (void)state;
    assert_int_equal(keyslot(bytes_of("")), 0);
    assert_int_equal(keyslot(bytes_of("a")), 15495);
    assert_int_equal(keyslot(bytes_of("b")), 3300);
    assert_int_equal(keyslot(bytes_of("123456789")), 12739);
    assert_int_equal(keyslot(bytes_of("foo")), 12182);
}

static void braces_decide_where_they_hold_something(void **state)
{
    (void)state;
    assert_int_equal(keyslot(bytes_of("{foo}:bar")), keyslot(bytes_of("foo")));
    assert_int_equal(keyslot(bytes_of("x{foo}{bar}")), keyslot(bytes_of("foo")));
    assert_int_equal(keyslot(bytes_of("x{{foo}")), keyslot(bytes_of("{foo")));
    assert_int_not_equal(keyslot(bytes_of("x{}{foo}")), keyslot(bytes_of("foo")));
    assert_int_not_equal(keyslot(bytes_of("x{foo")), keyslot(bytes_of("foo")));
}

static void shards_have_slices_in_order(void **state)
{
    char channel[16];
    unsigned counts[16] = {0};
    (void)state;
    for (unsigned i = 0; i < 16000; i++) {
        snprintf(channel, sizeof channel, "c:%u", i);
        unsigned shard = keyslot_shard(bytes_of(channel), 16);
        assert_int_equal(shard, keyslot(bytes_of(channel)) / (KEYSLOTS / 16));
        counts[shard]++;
        assert_int_equal(keyslot_shard(bytes_of(channel), 1), 0);
    }
    for (unsigned i = 0; i < 16; i++)
        assert_in_range(counts[i], 800, 1200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_those_of_redis),
        cmocka_unit_test(braces_decide_where_they_hold_something),
        cmocka_unit_test(shards_have_slices_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
