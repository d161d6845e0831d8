/*
 * Nobody hears or says anything outside what the operator opened, and never the bridge's own names, also where the
 * operator opened everything.
 */
#include "admit.h"

#include "cmocka_all.h"
#include "request.h"
#include "serve/serve.h"

#include <string.h>

static struct glob_list open_list, all_list, no_list, default_list;

static struct transport_config config;

static void open_to(const struct glob_list *subscribe, const struct glob_list *publish)
{
    config = (struct transport_config){.internal_prefix = "bridge:",
                                       .subscribe = subscribe,
                                       .publish = publish,
                                       .channels = &no_list,
                                       .default_channels = &no_list,
                                       .max_channels = 3};
}

static const char *hears(const char *name)
{
    struct refusal refusal = admit_subscribe(&config, &identity_anonymous, (struct bytes){name, strlen(name)});
    return refusal.code ? refusal.code : "yes";
}

static const char *says(const char *name)
{
    struct refusal refusal = admit_publish(&config, &identity_anonymous, (struct bytes){name, strlen(name)});
    return refusal.code ? refusal.code : "yes";
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

static void never_the_bridges_own(void **state)
{
    (void)state;
    open_to(&all_list, &all_list);
    assert_string_equal(hears("bridge:live:x"), "forbidden");
    assert_string_equal(hears("bridge:*"), "forbidden");
    assert_string_equal(says("bridge:control"), "forbidden");
    assert_string_equal(hears("bridges"), "yes");
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

static void a_channel_list_is_all_or_nothing(void **state)
{
    static struct request request;
    struct channel_list list;
    (void)state;
    open_to(&open_list, &no_list);
    request = (struct request){.arg_count = 2};
    request.args[0] = (struct request_arg){{"channel", 7}, {"public:a", 8}};
    request.args[1] = (struct request_arg){{"format", 6}, {"json", 4}};
    assert_null(admit_channels(&config, &identity_anonymous, &request, &list).code);
    assert_int_equal(list.count, 1);
    request.args[1] = (struct request_arg){{"channel", 7}, {"secret", 6}};
    assert_string_equal(admit_channels(&config, &identity_anonymous, &request, &list).code, "forbidden");
    request.arg_count = 4;
    for (unsigned i = 0; i < 4; i++)
        request.args[i] = request.args[0];
    assert_string_equal(admit_channels(&config, &identity_anonymous, &request, &list).code, "too_many_channels");
    request.arg_count = 0;
    assert_null(admit_channels(&config, &identity_anonymous, &request, &list).code);
    assert_int_equal(list.count, 0);
    config.default_channels = &default_list;
    assert_null(admit_channels(&config, &identity_anonymous, &request, &list).code);
    assert_int_equal(list.count, 1);
}

static int set_up(void **state)
{
    (void)state;
    return glob_list_parse(&open_list, "public:*") && glob_list_parse(&all_list, "*") &&
                   glob_list_parse(&no_list, "") && glob_list_parse(&default_list, "public:news")
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    glob_list_fini(&open_list);
    glob_list_fini(&all_list);
    glob_list_fini(&no_list);
    glob_list_fini(&default_list);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_open),
        cmocka_unit_test(never_the_bridges_own),
        cmocka_unit_test(a_name_must_be_one),
        cmocka_unit_test(a_channel_list_is_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
