/*
 * A tail makes it cheap to resume after a short absence. It must know exactly how far back it reaches, or a browser
 * would miss something silently.
 */
#include "cmocka_all.h"
#include "tail.h"

#include <string.h>

static struct entry *entry_at(uint64_t ms, const char *payload)
{
    struct entry_source source = {.position = {ms, 0}, .channel = BYTES("c"), .payload = bytes_of(payload)};
    struct entry *entry = entry_new(&source);
    assert_non_null(entry);
    return entry;
}

static void push(struct tail *tail, uint64_t ms, size_t entries, size_t bytes)
{
    struct entry *entry = entry_at(ms, "payload");
    assert_true(tail_push(tail, entry, entries, bytes));
    entry_unref(entry);
}

static void empty_tail_ends_where_it_begins(void **state)
{
    (void)state;
    struct tail tail = {0};
    tail_reset(&tail, (struct position){7, 3});
    assert_int_equal(position_compare(tail_end(&tail), (struct position){7, 3}), 0);
    assert_int_equal(tail_after(&tail, POSITION_BEGIN), 0);
    tail_fini(&tail);
}

static void finds_what_comes_after_a_position(void **state)
{
    (void)state;
    struct tail tail = {0};
    for (uint64_t ms = 10; ms <= 100; ms += 10)
        push(&tail, ms, 100, SIZE_MAX);
    assert_int_equal(tail_after(&tail, POSITION_BEGIN), 0);
    assert_int_equal(tail_after(&tail, (struct position){10, 0}), 1);
    assert_int_equal(tail_after(&tail, (struct position){15, 0}), 1);
    assert_int_equal(tail_after(&tail, (struct position){99, 9}), 9);
    assert_int_equal(tail_after(&tail, (struct position){100, 0}), 10);
    assert_int_equal(tail_at(&tail, 4)->position.ms, 50);
    tail_fini(&tail);
}

static void over_its_count_the_oldest_goes_and_since_follows(void **state)
{
    (void)state;
    struct tail tail = {0};
    for (uint64_t ms = 1; ms <= 1000; ms++)
        push(&tail, ms, 20, SIZE_MAX);
    assert_int_equal(tail.count, 20);
    assert_int_equal(tail.since.ms, 980);
    assert_int_equal(tail_at(&tail, 0)->position.ms, 981);
    assert_int_equal(tail_end(&tail).ms, 1000);
    tail_fini(&tail);
}

static void over_its_bytes_too_but_the_newest_always_stays(void **state)
{
    (void)state;
    struct tail tail = {0};
    for (uint64_t ms = 1; ms <= 3; ms++)
        push(&tail, ms, 20, 1);
    assert_int_equal(tail.count, 1);
    assert_int_equal(tail.since.ms, 2);
    assert_int_equal(tail_end(&tail).ms, 3);
    tail_fini(&tail);
}

static void holds_its_own_count_of_an_entry(void **state)
{
    (void)state;
    struct tail tail = {0};
    struct entry *entry = entry_at(1, "x");
    assert_true(tail_push(&tail, entry, 8, SIZE_MAX));
    assert_int_equal(entry->refs, 2);
    tail_fini(&tail);
    assert_int_equal(entry->refs, 1);
    entry_unref(entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_tail_ends_where_it_begins),
        cmocka_unit_test(finds_what_comes_after_a_position),
        cmocka_unit_test(over_its_count_the_oldest_goes_and_since_follows),
        cmocka_unit_test(over_its_bytes_too_but_the_newest_always_stays),
        cmocka_unit_test(holds_its_own_count_of_an_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
