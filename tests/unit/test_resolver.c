/*
 * A lookup that gets no answer must neither block the loop nor outlive the connection that asked.
 */
#include "base/resolver.h"

#include "base/clock.h"
#include "base/loop.h"
#include "cmocka_all.h"

#include <string.h>

struct scene {
    struct loop *loop;
    struct resolver *resolver;
    struct timer *deadline;
    unsigned calls;
    struct resolver_result result;
    const char *next; /* look this up from within the callback */
    bool frees;       /* free the resolver from within the callback */
};

static void on_deadline(void *arg)
{
    loop_stop(((struct scene *)arg)->loop);
}

static int scene_begin(void **state)
{
    static struct scene scene;
    memset(&scene, 0, sizeof scene);
    scene.loop = loop_new();
    scene.resolver = resolver_new(scene.loop);
    scene.deadline = timer_new(scene.loop, on_deadline, &scene);
    *state = &scene;
    return 0;
}

static int scene_end(void **state)
{
    struct scene *scene = *state;
    resolver_free(scene->resolver);
    timer_free(scene->deadline);
    loop_free(scene->loop);
    return 0;
}

static void on_result(void *arg, const struct resolver_result *result)
{
    struct scene *scene = arg;
    scene->calls++;
    scene->result = *result;
    if (scene->next) {
        const char *next = scene->next;
        scene->next = NULL;
        resolver_lookup(scene->resolver, next, on_result, scene);
        return;
    }
    if (scene->frees) {
        resolver_free(scene->resolver);
        scene->resolver = NULL;
    }
    loop_stop(scene->loop);
}

static void look_up(struct scene *scene, const char *host)
{
    resolver_lookup(scene->resolver, host, on_result, scene);
    timer_start(scene->deadline, 20000);
    loop_run(scene->loop);
}

static bool has(const struct scene *scene, const char *address)
{
    for (unsigned i = 0; i < scene->result.count; i++)
        if (strcmp(scene->result.addresses[i], address) == 0)
            return true;
    return false;
}

static void numbers_are_addresses(void **state)
{
    struct scene *scene = *state;
    look_up(scene, "192.0.2.7");
    assert_int_equal(scene->result.count, 1);
    assert_true(has(scene, "192.0.2.7"));
    look_up(scene, "2001:db8::1");
    assert_int_equal(scene->result.count, 1);
    assert_true(has(scene, "2001:db8::1"));
    assert_int_equal(scene->calls, 2);
}

static void localhost_needs_no_name_server(void **state)
{
    struct scene *scene = *state;
    look_up(scene, "LocalHost");
    assert_true(has(scene, "127.0.0.1") && has(scene, "::1"));
}

static void the_callback_comes_from_the_loop(void **state)
{
    struct scene *scene = *state;
    resolver_lookup(scene->resolver, "192.0.2.7", on_result, scene);
    assert_int_equal(scene->calls, 0);
}

static void a_new_lookup_ends_the_old_one(void **state)
{
    struct scene *scene = *state;
    resolver_lookup(scene->resolver, "one.invalid", on_result, scene);
    resolver_lookup(scene->resolver, "two.invalid", on_result, scene);
    look_up(scene, "192.0.2.8");
    timer_start(scene->deadline, 50);
    loop_run(scene->loop);
    assert_int_equal(scene->calls, 1);
    assert_true(has(scene, "192.0.2.8"));
}

static void the_callback_may_look_up_again(void **state)
{
    struct scene *scene = *state;
    scene->next = "192.0.2.9";
    look_up(scene, "192.0.2.8");
    assert_int_equal(scene->calls, 2);
    assert_true(has(scene, "192.0.2.9"));
}

static void the_callback_may_free_the_resolver(void **state)
{
    struct scene *scene = *state;
    scene->frees = true;
    look_up(scene, "192.0.2.8");
    assert_int_equal(scene->calls, 1);
}

/* With or without a name server: a result comes, and it is an error. */
static void an_unknown_name_has_a_reason(void **state)
{
    struct scene *scene = *state;
    look_up(scene, "no-such-host.invalid");
    assert_int_equal(scene->calls, 1);
    assert_int_equal(scene->result.count, 0);
    assert_non_null(scene->result.error);
}

static void freeing_ends_a_lookup_silently(void **state)
{
    struct scene *scene = *state;
    resolver_lookup(scene->resolver, "no-such-host.invalid", on_result, scene);
    resolver_free(scene->resolver);
    scene->resolver = NULL;
    timer_start(scene->deadline, 50);
    loop_run(scene->loop);
    assert_int_equal(scene->calls, 0);
}

static void freeing_all_at_once_leaks_nothing(void **state)
{
    struct scene *scene = *state;
    resolver_lookup(scene->resolver, "no-such-host.invalid", on_result, scene);
    /* scene_end frees resolver and loop without another turn; AddressSanitizer reports what is left. */
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_begin, scene_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(numbers_are_addresses),
        WITH_SCENE(localhost_needs_no_name_server),
        WITH_SCENE(the_callback_comes_from_the_loop),
        WITH_SCENE(a_new_lookup_ends_the_old_one),
        WITH_SCENE(the_callback_may_look_up_again),
        WITH_SCENE(the_callback_may_free_the_resolver),
        WITH_SCENE(an_unknown_name_has_a_reason),
        WITH_SCENE(freeing_ends_a_lookup_silently),
        WITH_SCENE(freeing_all_at_once_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
