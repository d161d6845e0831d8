/*
 * Each path has its methods, and a client that uses another one is told which; a path that merely begins like one of
 * ours does not exist.
 */
#include "route.h"

#include "cmocka_all.h"
#include "http/request.h"

#define READ (METHOD_GET | METHOD_HEAD)

static const struct route *find(const char *path)
{
    return route_find_own(bytes_of(path));
}

static void paths_are_exact(void **state)
{
    (void)state;
    assert_string_equal(find("/events")->path, "/events");
    assert_non_null(find("/ws"));
    assert_non_null(find("/publish"));
    assert_non_null(find("/history"));
    assert_null(find("/"));
    assert_null(find(""));
    assert_null(find("/events/"));
    assert_null(find("/event"));
    assert_null(find("/Events"));
    assert_null(route_find_own(BYTES("/events\0x")));
}

static void methods_fit_what_they_do(void **state)
{
    (void)state;
    assert_int_equal(find("/events")->methods, READ | METHOD_OPTIONS);
    assert_int_equal(find("/publish")->methods, METHOD_POST | METHOD_OPTIONS);
    assert_true(find("/publish")->is_shared);
}

static void allow_names_the_methods(void **state)
{
    char allow[ROUTE_ALLOW_MAX];
    (void)state;
    route_allow_print(allow, READ | METHOD_OPTIONS);
    assert_string_equal(allow, "GET, HEAD, OPTIONS");
    route_allow_print(allow, METHOD_POST);
    assert_string_equal(allow, "POST");
    route_allow_print(allow, 0);
    assert_string_equal(allow, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_exact),
        cmocka_unit_test(methods_fit_what_they_do),
        cmocka_unit_test(allow_names_the_methods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
