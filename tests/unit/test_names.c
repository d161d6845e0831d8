/*
 * All our names in Redis begin with the prefix, so that two bridges, or a bridge and another program, can share one
 * Redis; and no client may publish or subscribe to them.
 */
#include "redis/names.h"

#include "cmocka_all.h"

#include <string.h>

static const struct redis_config config = {.prefix = "bridge:"};

static bool is_internal(const char *name)
{
    return names_is_internal(&config, bytes_of(name));
}

static void what_begins_with_the_prefix_is_internal(void **state)
{
    (void)state;
    assert_true(is_internal("bridge:live:x"));
    assert_true(is_internal("bridge:"));
    assert_false(is_internal("bridge"));
    assert_false(is_internal("bridges:x"));
    assert_false(is_internal(""));
}

static void assert_name(struct bytes name, const char *out, const char *expected)
{
    assert_string_equal(out, expected);
    assert_ptr_equal(name.data, out);
    assert_int_equal(name.len, strlen(expected));
}

static void names_are_the_prefix_a_word_and_what_follows(void **state)
{
    (void)state;
    char out[NAMES_MAX], live[NAMES_LIVE_MAX];
    assert_name(names_control(&config, out), out, "bridge:control");
    assert_name(names_beat(&config, "w1", out), out, "bridge:beat:w1");
    assert_name(names_node(&config, "n1", out), out, "bridge:node:n1");
    assert_name(names_position(&config, out), out, "bridge:position");
    assert_name(names_inbox(&config, out), out, "bridge:inbox");
    assert_name(names_live(&config, bytes_of("chat:*"), live), live, "bridge:live:chat:*");
}

static void a_live_name_says_of_which_channel_it_is(void **state)
{
    (void)state;
    struct bytes of;
    assert_true(names_live_of(&config, bytes_of("bridge:live:chat:lobby"), &of));
    assert_true(bytes_is(of, "chat:lobby"));
    assert_false(names_live_of(&config, bytes_of("bridge:live:"), &of));
    assert_false(names_live_of(&config, bytes_of("bridge:beat:x"), &of));
    assert_false(names_live_of(&config, bytes_of("other:live:x"), &of));
    assert_false(names_live_of(&config, bytes_of("chat:lobby"), &of));
}

/* Channels are the same in all databases, keys are not. */
static void outside_of_database_0_channels_have_a_space_of_their_own(void **state)
{
    (void)state;
    enum redis_space space = SPACE_UNKNOWN;
    const struct redis_config first = {.prefix = "bridge:", .db = 1, .space = &space};
    char out[NAMES_MAX], live[NAMES_LIVE_MAX];
    struct bytes of;
    for (unsigned i = 0; i < 2; i++, space = SPACE_APART) {
        assert_name(names_control(&first, out), out, "bridge:@1:control");
        assert_name(names_beat(&first, "w1", out), out, "bridge:@1:beat:w1");
        assert_name(names_node(&first, "n1", out), out, "bridge:@1:node:n1");
        assert_name(names_live(&first, bytes_of("chat:*"), live), live, "bridge:@1:live:chat:*");
        assert_name(names_position(&first, out), out, "bridge:position");
        assert_name(names_inbox(&first, out), out, "bridge:inbox");
        assert_true(names_live_of(&first, bytes_of("bridge:@1:live:x"), &of));
        assert_true(bytes_is(of, "x"));
        assert_false(names_live_of(&first, bytes_of("bridge:live:x"), &of));
        assert_false(names_live_of(&first, bytes_of("bridge:@11:live:x"), &of));
        assert_false(names_is_shared(&first));
    }
    space = SPACE_SHARED;
    assert_true(names_is_shared(&first));
    assert_name(names_control(&first, out), out, "bridge:control");
    assert_true(names_live_of(&first, bytes_of("bridge:live:x"), &of));
    assert_false(names_live_of(&config, bytes_of("bridge:@1:live:x"), &of));
}

static void a_recorder_hears_the_announcements_of_all_databases(void **state)
{
    (void)state;
    static const char *const good[] = {"bridge:live:x", "bridge:@1:live:x", "bridge:@65535:live:x"};
    static const char *const bad[] = {"bridge:@1:live:",   "bridge:@:live:x", "bridge:@x:live:x",
                                      "bridge:@1:control", "bridge:@1",       "other:@1:live:x"};
    char out[NAMES_MAX];
    struct bytes of;
    assert_name(names_all_live(&config, false, out), out, "bridge:live:*");
    assert_name(names_all_live(&config, true, out), out, "bridge:@*:live:*");
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(names_any_live_of(&config, bytes_of(good[i]), &of) && bytes_is(of, "x"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(names_any_live_of(&config, bytes_of(bad[i]), &of));
}

static void who_shares_the_space_of_database_0_says_so(void **state)
{
    (void)state;
    const struct redis_config seventh = {.prefix = "bridge:", .db = 7};
    char out[NAMES_MAX];
    assert_name(names_aware(&config, false, out), out, "bridge:aware");
    assert_name(names_aware(&seventh, false, out), out, "bridge:aware");
    assert_name(names_aware(&seventh, true, out), out, "bridge:aware:7");
}

static void the_longest_names_fit(void **state)
{
    (void)state;
    struct redis_config longest = {.db = 65535};
    char channel[2 * CHANNEL_LEN_MAX], token[NAMES_TOKEN_MAX], out[NAMES_MAX], live[NAMES_LIVE_MAX];
    memset(longest.prefix, 'p', sizeof longest.prefix - 1);
    memset(channel, 'c', sizeof channel);
    memset(token, 't', sizeof token - 1);
    token[sizeof token - 1] = '\0';
    size_t len = names_node(&longest, token, out).len;
    assert_int_equal(len, strlen(out));
    struct bytes of, name = names_live(&longest, (struct bytes){channel, sizeof channel}, live);
    assert_true(names_live_of(&longest, name, &of));
    assert_int_equal(of.len, sizeof channel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_begins_with_the_prefix_is_internal),
        cmocka_unit_test(names_are_the_prefix_a_word_and_what_follows),
        cmocka_unit_test(a_live_name_says_of_which_channel_it_is),
        cmocka_unit_test(outside_of_database_0_channels_have_a_space_of_their_own),
        cmocka_unit_test(a_recorder_hears_the_announcements_of_all_databases),
        cmocka_unit_test(who_shares_the_space_of_database_0_says_so),
        cmocka_unit_test(the_longest_names_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
