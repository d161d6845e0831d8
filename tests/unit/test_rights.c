/*
 * Clients can subscribe and publish only to what the operator opened, and never to the bridge's own names, even if the
 * operator opened everything.
 */
#include "access/rights.h"

#include "access/origin.h"
#include "cmocka_all.h"
#include "words/glob.h"

#include <string.h>

static struct glob_list open_list, all_list, no_list;
static struct access access;

static void open_to(const struct glob_list *subscribe, const struct glob_list *publish)
{
    access = (struct access){.anonymous = {.name = "", .rights = {subscribe, publish}},
                             .internal_prefix = "bridge:",
                             .channels = &no_list,
                             .origins = &no_list};
}

static const char *hears(const char *name)
{
    struct refusal refusal = rights_subscribe(&access, &access.anonymous, bytes_of(name));
    return refusal.problem ? refusal.problem->code : "yes";
}

static const char *says(const char *name)
{
    struct refusal refusal = rights_publish(&access, &access.anonymous, bytes_of(name));
    return refusal.problem ? refusal.problem->code : "yes";
}

static void only_what_is_open(void **state)
{
    (void)state;
    open_to(&open_list, &no_list);
    assert_string_equal(hears("public:news"), "yes");
    assert_string_equal(hears("public:*"), "yes");
    assert_string_equal(hears("public:a?"), "yes");
    assert_string_equal(hears("news"), "forbidden");
    assert_string_equal(hears("*"), "forbidden");
    assert_string_equal(hears("p*"), "forbidden");
    assert_string_equal(says("public:news"), "forbidden");
    open_to(&no_list, &open_list);
    assert_string_equal(says("public:news"), "yes");
    assert_string_equal(says("private"), "forbidden");
    assert_string_equal(says("public:*"), "bad_channel");
}

static void nothing_that_is_not_served(void **state)
{
    (void)state;
    open_to(&all_list, &all_list);
    access.channels = &open_list;
    assert_string_equal(hears("public:news"), "yes");
    assert_string_equal(hears("news"), "forbidden");
    assert_string_equal(hears("*"), "forbidden");
    assert_string_equal(says("public:news"), "yes");
    assert_string_equal(says("news"), "forbidden");
}

static void never_the_bridges_own(void **state)
{
    (void)state;
    open_to(&all_list, &all_list);
    assert_string_equal(hears("bridge:live:x"), "forbidden");
    assert_string_equal(hears("bridge:*"), "forbidden");
    assert_string_equal(says("bridge:control"), "forbidden");
    assert_string_equal(hears("bridges"), "yes");
    access.internal_prefix = "";
    assert_string_equal(hears("bridge:control"), "yes");
}

static void a_name_must_be_one(void **state)
{
    char longest[CHANNEL_LEN_MAX + 2];
    (void)state;
    open_to(&all_list, &all_list);
    memset(longest, 'x', sizeof longest);
    longest[CHANNEL_LEN_MAX] = '\0';
    assert_string_equal(hears(longest), "yes");
    longest[CHANNEL_LEN_MAX] = 'x';
    longest[CHANNEL_LEN_MAX + 1] = '\0';
    assert_string_equal(hears(longest), "bad_channel");
    assert_string_equal(hears(""), "bad_channel");
    assert_string_equal(hears("a\nb"), "bad_channel");
    assert_string_equal(hears("\xff"), "bad_channel");
    assert_string_equal(hears("*a*a*a*a*a*a*a*a*b"), "bad_channel");
}

/* A request without an Origin does not come from a page of another site. */
static void pages_of_other_origins_stay_out(void **state)
{
    struct glob_list origins;
    (void)state;
    assert_true(glob_list_parse(&origins, "https://example.com,https://*.example.org"));
    open_to(&all_list, &all_list);
    assert_int_equal(origin_check(&access, bytes_of("https://evil.com")), ORIGIN_ANY);
    assert_int_equal(origin_check(&access, bytes_of("")), ORIGIN_ANY);
    access.origins = &origins;
    assert_int_equal(origin_check(&access, bytes_of("https://example.com")), ORIGIN_OPEN);
    assert_int_equal(origin_check(&access, bytes_of("https://a.example.org")), ORIGIN_OPEN);
    assert_int_equal(origin_check(&access, bytes_of("https://example.com.evil.com")), ORIGIN_REFUSED);
    assert_int_equal(origin_check(&access, bytes_of("null")), ORIGIN_REFUSED);
    assert_int_equal(origin_check(&access, bytes_of("")), ORIGIN_NO_PAGE);
    glob_list_fini(&origins);
}

/* So far, a check asks nobody else and answers at once. */
static void everybody_is_anonymous(void **state)
{
    struct access_answer answer;
    (void)state;
    open_to(&open_list, &no_list);
    assert_true(access_anonymous_ops.check(&access, NULL, &answer));
    assert_null(answer.refusal.problem);
    assert_ptr_equal(answer.who, &access.anonymous);
}

static int set_up(void **state)
{
    (void)state;
    return glob_list_parse(&open_list, "public:*") && glob_list_parse(&all_list, "*") && glob_list_parse(&no_list, "")
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    glob_list_fini(&open_list);
    glob_list_fini(&all_list);
    glob_list_fini(&no_list);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_open),
        cmocka_unit_test(nothing_that_is_not_served),
        cmocka_unit_test(never_the_bridges_own),
        cmocka_unit_test(a_name_must_be_one),
        cmocka_unit_test(pages_of_other_origins_stay_out),
        cmocka_unit_test(everybody_is_anonymous),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
