/*
 * All events of a turn are handled before its hooks run, and the loop does not wait while a hook has work left.
 */
#include "base/loop.h"

#include "base/clock.h"
#include "cmocka_all.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct scene {
    struct loop *loop;
    struct timer *timer, *other;
    unsigned hooks, ticks;
    char order[64];
};

static void note(struct scene *scene, char c)
{
    size_t len = strlen(scene->order);
    if (len + 1 < sizeof scene->order)
        scene->order[len] = c;
}

static int scene_begin(void **state)
{
    static struct scene scene;
    memset(&scene, 0, sizeof scene);
    scene.loop = loop_new();
    *state = &scene;
    return !scene.loop;
}

static int scene_end(void **state)
{
    struct scene *scene = *state;
    timer_free(scene->timer);
    timer_free(scene->other);
    loop_free(scene->loop);
    return 0;
}

static void on_tick(void *arg)
{
    struct scene *scene = arg;
    scene->ticks++;
    note(scene, 't');
}

static void on_stop(void *arg)
{
    struct scene *scene = arg;
    note(scene, 's');
    loop_stop(scene->loop);
}

static void hook_a(void *arg)
{
    note(arg, 'a');
}

static void hook_b(void *arg)
{
    note(arg, 'b');
}

static void hooks_follow_each_turn_in_order(void **state)
{
    struct scene *scene = *state;
    loop_on_turn_end(scene->loop, hook_a, scene);
    loop_on_turn_end(scene->loop, hook_b, scene);
    scene->timer = timer_new(scene->loop, on_tick, scene);
    scene->other = timer_new(scene->loop, on_stop, scene);
    timer_start(scene->timer, 1);
    timer_start(scene->other, 40);
    loop_run(scene->loop);
    assert_string_equal(scene->order, "tabsab");
}

static void hook_again(void *arg)
{
    struct scene *scene = arg;
    if (++scene->hooks < 1000)
        loop_again(scene->loop);
    else
        loop_stop(scene->loop);
}

/* There are no events here: only loop_again() keeps the loop turning. */
static void again_does_not_wait(void **state)
{
    struct scene *scene = *state;
    uint64_t before = clock_now_ms();
    loop_on_turn_end(scene->loop, hook_again, scene);
    loop_again(scene->loop);
    loop_run(scene->loop);
    assert_int_equal(scene->hooks, 1000);
    assert_true(clock_now_ms() - before < 1000);
}

static void starting_again_moves_a_timer(void **state)
{
    struct scene *scene = *state;
    scene->timer = timer_new(scene->loop, on_tick, scene);
    scene->other = timer_new(scene->loop, on_stop, scene);
    timer_start(scene->timer, 1);
    timer_start(scene->timer, 60000);
    timer_start(scene->other, 30);
    loop_run(scene->loop);
    assert_int_equal(scene->ticks, 0);
    timer_start(scene->timer, 1);
    timer_stop(scene->timer);
    timer_start(scene->other, 30);
    loop_run(scene->loop);
    assert_int_equal(scene->ticks, 0);
    timer_start(scene->timer, UINT64_MAX);
}

static void waits_about_as_long_as_told(void **state)
{
    struct scene *scene = *state;
    uint64_t before = clock_now_ms();
    scene->timer = timer_new(scene->loop, on_stop, scene);
    timer_start(scene->timer, 100);
    loop_run(scene->loop);
    assert_true(clock_now_ms() - before >= 90);
}

static void on_free_itself(void *arg)
{
    struct scene *scene = arg;
    timer_free(scene->timer);
    scene->timer = NULL;
    loop_stop(scene->loop);
}

static void a_timer_may_free_itself(void **state)
{
    struct scene *scene = *state;
    scene->timer = timer_new(scene->loop, on_free_itself, scene);
    timer_start(scene->timer, 0);
    loop_run(scene->loop);
    assert_null(scene->timer);
}

static void on_usr1(int signal, void *arg)
{
    struct scene *scene = arg;
    assert_int_equal(signal, SIGUSR1);
    note(scene, 'u');
    loop_stop(scene->loop);
}

static void on_raise(void *arg)
{
    (void)arg;
    kill(getpid(), SIGUSR1);
}

static void hears_signals(void **state)
{
    struct scene *scene = *state;
    loop_on_signal(scene->loop, SIGUSR1, on_usr1, scene);
    scene->timer = timer_new(scene->loop, on_raise, scene);
    timer_start(scene->timer, 1);
    loop_run(scene->loop);
    assert_string_equal(scene->order, "u");
}

static void on_byte(void *arg)
{
    struct scene *scene = arg;
    note(scene, 'b');
}

static void watches_between_start_and_stop(void **state)
{
    struct scene *scene = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct watch *watch = watch_new(scene->loop, ends[0], on_byte, scene);
    scene->timer = timer_new(scene->loop, on_stop, scene);
    assert_int_equal(write(ends[1], "x", 1), 1);
    timer_start(scene->timer, 20);
    loop_run(scene->loop);
    assert_string_equal(scene->order, "s");
    watch_start(watch);
    loop_on_turn_end(scene->loop, on_stop, scene);
    loop_run(scene->loop);
    loop_run(scene->loop);
    assert_string_equal(scene->order, "sbsbs");
    watch_stop(watch);
    loop_again(scene->loop);
    loop_run(scene->loop);
    assert_string_equal(scene->order, "sbsbss");
    watch_free(watch);
    close(ends[0]);
    close(ends[1]);
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_begin, scene_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(hooks_follow_each_turn_in_order), WITH_SCENE(again_does_not_wait),
        WITH_SCENE(starting_again_moves_a_timer),    WITH_SCENE(waits_about_as_long_as_told),
        WITH_SCENE(a_timer_may_free_itself),         WITH_SCENE(hears_signals),
        WITH_SCENE(watches_between_start_and_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
