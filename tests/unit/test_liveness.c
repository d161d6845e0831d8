/*
 * Browsers answer pings even if the page hangs, so a page whose script has ever sent a pong must keep sending messages.
 */
#include "liveness.h"

#include "cmocka_all.h"

#define BEAT_MS 15000
#define LIMIT_MS (2 * BEAT_MS + 10000)

static struct liveness born(void)
{
    struct liveness liveness;
    liveness_init(&liveness, 1000);
    return liveness;
}

static void who_says_nothing_is_given_up(void **state)
{
    struct liveness liveness = born();
    (void)state;
    assert_false(liveness_is_over(&liveness, 1000 + LIMIT_MS, BEAT_MS));
    assert_true(liveness_is_over(&liveness, 1001 + LIMIT_MS, BEAT_MS));
    liveness_ask(&liveness, 5000); /* that we sent a ping is no sign of life */
    assert_true(liveness_is_over(&liveness, 1001 + LIMIT_MS, BEAT_MS));
    assert_int_equal(liveness_last_ms(&liveness), 5000);
}

static void a_browsers_pong_is_enough_for_a_script_that_never_said_any(void **state)
{
    struct liveness liveness = born();
    (void)state;
    liveness_hear_message(&liveness, 2000);
    liveness_hear_browser(&liveness, 50000);
    assert_int_equal(liveness_last_ms(&liveness), 50000);
    assert_false(liveness_is_over(&liveness, 50000 + LIMIT_MS, BEAT_MS));
}

static void a_script_that_said_pong_is_held_to_it(void **state)
{
    struct liveness liveness = born();
    (void)state;
    liveness_hear_message(&liveness, 2000);
    liveness_hear_script(&liveness);
    liveness_hear_browser(&liveness, 40000);
    assert_false(liveness_is_over(&liveness, 2000 + LIMIT_MS, BEAT_MS));
    assert_true(liveness_is_over(&liveness, 2001 + LIMIT_MS, BEAT_MS));
    liveness_hear_message(&liveness, 41000); /* any message counts */
    assert_false(liveness_is_over(&liveness, 41000 + LIMIT_MS, BEAT_MS));
}

/* On a busy stream there is no silence that a ping would break, and its script must be asked all the same. */
static void a_script_is_asked_once_per_heartbeat(void **state)
{
    struct liveness liveness = born();
    (void)state;
    assert_false(liveness_wants_script(&liveness, 1000 + LIMIT_MS, BEAT_MS));
    liveness_hear_message(&liveness, 2000);
    liveness_hear_script(&liveness);
    assert_false(liveness_wants_script(&liveness, 1999 + BEAT_MS, BEAT_MS));
    assert_true(liveness_wants_script(&liveness, 2000 + BEAT_MS, BEAT_MS));
    liveness_ask(&liveness, 2000 + BEAT_MS);
    liveness_hear_browser(&liveness, 2100 + BEAT_MS);
    assert_false(liveness_wants_script(&liveness, 1999 + 2 * BEAT_MS, BEAT_MS));
    assert_true(liveness_wants_script(&liveness, 2000 + 2 * BEAT_MS, BEAT_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_says_nothing_is_given_up),
        cmocka_unit_test(a_browsers_pong_is_enough_for_a_script_that_never_said_any),
        cmocka_unit_test(a_script_that_said_pong_is_held_to_it),
        cmocka_unit_test(a_script_is_asked_once_per_heartbeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
