/*
 * An early heartbeat is wasted, and without one a proxy would disconnect the browser: each item is looked at when it is
 * due, not before, and never more than a tick later.
 */
#include "http/wheel.h"

#include "cmocka_all.h"

#include <stdbool.h>

#define TICK 100

struct job {
    struct wheel_item item; /* must be first */
    uint64_t due_ms;
    unsigned looks;
    bool again;
};

static struct wheel wheel;
static uint64_t now_ms;

static void look(struct wheel_item *item, void *arg)
{
    struct job *job = (struct job *)item;
    (void)arg;
    assert_true(now_ms >= job->due_ms);
    assert_true(now_ms < job->due_ms + 2 * TICK);
    job->looks++;
    if (!job->again)
        return;
    job->due_ms = now_ms + 250;
    wheel_put(&wheel, item, job->due_ms);
}

static void put(struct job *job, uint64_t due_ms)
{
    job->due_ms = due_ms;
    wheel_put(&wheel, &job->item, due_ms);
}

static void turn_until(uint64_t until_ms)
{
    for (; now_ms < until_ms; now_ms += TICK)
        wheel_turn(&wheel, now_ms, look, NULL);
}

static void count_item(struct wheel_item *item, void *arg)
{
    (void)item;
    ++*(unsigned *)arg;
}

/* How many items are on the wheel. */
static unsigned count(void)
{
    unsigned items = 0;
    wheel_each(&wheel, count_item, &items);
    return items;
}

static void begin(uint64_t at_ms)
{
    now_ms = at_ms;
    wheel_init(&wheel, TICK, now_ms);
}

static void each_at_its_moment(void **state)
{
    struct job jobs[20] = {0};
    (void)state;
    begin(123456);
    for (unsigned i = 0; i < 20; i++)
        put(&jobs[i], now_ms + i * 333);
    assert_int_equal(count(), 20);
    turn_until(now_ms + 8000);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(jobs[i].looks, 1);
    assert_int_equal(count(), 0);
}

static void again_and_again(void **state)
{
    struct job job = {.again = true};
    (void)state;
    begin(1000);
    put(&job, now_ms + 50);
    turn_until(now_ms + 10000);
    assert_in_range(job.looks, 25, 40);
    wheel_remove(&job.item);
    assert_int_equal(count(), 0);
}

static void put_back(struct wheel_item *item, void *arg)
{
    struct job *job = (struct job *)item;
    (void)arg;
    job->looks++;
    if (now_ms < job->due_ms)
        wheel_put(&wheel, item, job->due_ms);
}

static void a_moment_beyond_the_span_is_not_forgotten(void **state)
{
    struct job job = {0};
    (void)state;
    begin(1000);
    put(&job, now_ms + 3 * WHEEL_SLOTS * TICK);
    for (; now_ms < 1000 + 4 * WHEEL_SLOTS * TICK; now_ms += TICK)
        wheel_turn(&wheel, now_ms, put_back, NULL);
    assert_in_range(job.looks, 2, 5);
    assert_int_equal(count(), 0);
}

static void count_look(struct wheel_item *item, void *arg)
{
    (void)arg;
    ((struct job *)item)->looks++;
}

static void after_a_long_sleep_all_are_looked_at_once(void **state)
{
    struct job jobs[5] = {0};
    (void)state;
    begin(1000);
    for (unsigned i = 0; i < 5; i++)
        put(&jobs[i], now_ms + i * 2000);
    wheel_turn(&wheel, now_ms + 1000000, count_look, NULL);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(jobs[i].looks, 1);
}

static void remove_look(struct wheel_item *item, void *arg)
{
    (void)arg;
    wheel_remove(item);
}

static void all_can_be_visited_and_taken_down(void **state)
{
    struct job jobs[5] = {0};
    (void)state;
    begin(1000);
    for (unsigned i = 0; i < 5; i++)
        put(&jobs[i], now_ms + i * 100 / 2);
    wheel_each(&wheel, count_look, NULL);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(jobs[i].looks, 1);
    wheel_each(&wheel, remove_look, NULL);
    assert_int_equal(count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_at_its_moment),
        cmocka_unit_test(again_and_again),
        cmocka_unit_test(a_moment_beyond_the_span_is_not_forgotten),
        cmocka_unit_test(after_a_long_sleep_all_are_looked_at_once),
        cmocka_unit_test(all_can_be_visited_and_taken_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
