/*
 * The recorder keeps each message until it is known to be recorded. Ordinals must stay dense when the queue grows or
 * drops items, when messages are passed over, and when items are taken again.
 */
#include "cmocka_all.h"
#include "queue.h"

#include <stdio.h>
#include <string.h>

static void push(struct queue *queue, const char *payload)
{
    assert_true(queue_push(queue, (struct bytes){"chan", 4}, (struct bytes){payload, strlen(payload)}));
}

static void assert_item(const struct item *item, const char *payload)
{
    assert_non_null(item);
    assert_int_equal(item->span, 1);
    assert_int_equal(item->payload_len, strlen(payload));
    assert_memory_equal(item_payload(item).data, payload, item->payload_len);
}

static void ordinals_are_dense_through_growth_and_drops(void **state)
{
    (void)state;
    struct queue queue = {0};
    queue_reset(&queue, 1);
    uint64_t dropped = 0;
    for (uint64_t ordinal = 1; ordinal <= 5000; ordinal++) {
        char payload[16];
        snprintf(payload, sizeof payload, "%u", (unsigned)ordinal);
        assert_int_equal(queue.next, ordinal);
        push(&queue, payload);
        if (ordinal % 7 == 0)
            queue_drop(&queue, dropped = ordinal - 5);
        snprintf(payload, sizeof payload, "%u", (unsigned)(dropped + 1));
        assert_item(queue_oldest(&queue, dropped + 1), payload);
        assert_null(queue_oldest(&queue, dropped + 2));
    }
    queue_fini(&queue);
}

static void dropping_everything_leaves_the_next_ordinal(void **state)
{
    (void)state;
    struct queue queue = {0};
    queue_reset(&queue, 10);
    push(&queue, "a");
    push(&queue, "b");
    assert_true(queue.bytes > 10);
    queue_drop(&queue, 11);
    assert_true(queue_is_empty(&queue));
    assert_int_equal(queue.bytes, 0);
    assert_int_equal(queue.next, 12);
    queue_drop(&queue, 5);
    assert_int_equal(queue.next, 12);
    queue_fini(&queue);
}

static void what_is_passed_over_counts(void **state)
{
    (void)state;
    struct queue queue = {0};
    queue_reset(&queue, 1);
    push(&queue, "a");
    for (int i = 0; i < 3; i++)
        assert_true(queue_pass(&queue));
    push(&queue, "b");
    assert_int_equal(queue.next, 6);
    assert_int_equal(queue.count, 3);

    assert_item(queue_take(&queue), "a");
    assert_int_equal(queue.untaken, 2);
    assert_int_equal(queue_take(&queue)->span, 3);
    assert_int_equal(queue.untaken, 5);
    queue_drop(&queue, 2); /* in the middle of the run */
    assert_int_equal(queue.first, 3);
    assert_item(queue_take(&queue), "b");
    assert_null(queue_take(&queue));

    queue_rewind(&queue);
    assert_int_equal(queue.untaken, 3);
    assert_int_equal(queue_take(&queue)->span, 2);
    queue_fini(&queue);
}

static void a_run_that_is_on_the_wire_does_not_grow(void **state)
{
    (void)state;
    struct queue queue = {0};
    queue_reset(&queue, 1);
    assert_true(queue_pass(&queue));
    assert_int_equal(queue_take(&queue)->span, 1);
    assert_true(queue_pass(&queue));
    assert_int_equal(queue.untaken, 2);
    assert_int_equal(queue_take(&queue)->span, 1);
    queue_fini(&queue);
}

static void all_of_it_can_be_renumbered(void **state)
{
    (void)state;
    struct queue queue = {0};
    queue_reset(&queue, 1);
    push(&queue, "a");
    push(&queue, "b");
    queue_take(&queue);
    queue_renumber(&queue, 42);
    assert_int_equal(queue.first, 42);
    assert_int_equal(queue.next, 44);
    assert_int_equal(queue.untaken, 42);
    assert_item(queue_take(&queue), "a");
    queue_drop(&queue, 43);
    assert_int_equal(queue.untaken, 44);
    queue_fini(&queue);
}

static void bytes_are_kept_as_they_are(void **state)
{
    (void)state;
    struct queue queue = {0};
    queue_reset(&queue, 1);
    assert_true(queue_push(&queue, (struct bytes){"c", 1}, (struct bytes){"a\0b\r\n\xff", 6}));
    assert_true(queue_push(&queue, (struct bytes){"c", 1}, (struct bytes){"", 0}));
    assert_memory_equal(item_payload(queue_take(&queue)).data, "a\0b\r\n\xff", 6);
    assert_int_equal(item_payload(queue_take(&queue)).len, 0);
    queue_fini(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinals_are_dense_through_growth_and_drops),
        cmocka_unit_test(dropping_everything_leaves_the_next_ordinal),
        cmocka_unit_test(what_is_passed_over_counts),
        cmocka_unit_test(a_run_that_is_on_the_wire_does_not_grow),
        cmocka_unit_test(all_of_it_can_be_renumbered),
        cmocka_unit_test(bytes_are_kept_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
