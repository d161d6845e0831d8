/*
 * The recorder keeps what it heard until it is known to be recorded; ordinals must stay dense through growth and drops.
 */
#include "queue.h"
#include "cmocka_all.h"

#include <stdio.h>
#include <string.h>

static void push(struct queue *queue, const char *payload)
{
    assert_true(queue_push(queue, (struct name){"chan", 4}, (struct name){payload, strlen(payload)}));
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
        assert_int_equal(queue_next(&queue), ordinal);
        push(&queue, payload);
        if (ordinal % 7 == 0)
            queue_drop(&queue, dropped = ordinal - 5);
        const struct message *message = queue_at(&queue, dropped + 1);
        snprintf(payload, sizeof payload, "%u", (unsigned)(dropped + 1));
        assert_memory_equal(message_payload(message).bytes, payload, message->payload_len);
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
    assert_int_equal(queue.count, 0);
    assert_int_equal(queue.bytes, 0);
    assert_int_equal(queue_next(&queue), 12);
    queue_drop(&queue, 5);
    assert_int_equal(queue_next(&queue), 12);
    queue_fini(&queue);
}

static void bytes_are_kept_as_they_are(void **state)
{
    (void)state;
    struct queue queue = {0};
    queue_reset(&queue, 1);
    assert_true(queue_push(&queue, (struct name){"c", 1}, (struct name){"a\0b\r\n\xff", 6}));
    assert_true(queue_push(&queue, (struct name){"c", 1}, (struct name){"", 0}));
    assert_memory_equal(message_payload(queue_at(&queue, 1)).bytes, "a\0b\r\n\xff", 6);
    assert_int_equal(message_payload(queue_at(&queue, 2)).len, 0);
    queue_fini(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinals_are_dense_through_growth_and_drops),
        cmocka_unit_test(dropping_everything_leaves_the_next_ordinal),
        cmocka_unit_test(bytes_are_kept_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
