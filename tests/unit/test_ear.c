/*
 * All recorders must count the same messages: not the echo of one that is in the log already, not the second copy of
 * one that several patterns match, and none on a channel that is not served.
 */
#include "ear.h"

#include "cmocka_all.h"
#include "redis/config.h"
#include "redis/listener.h"
#include "redis/live.h"

#include <string.h>

static char *globs[] = {"public:*", "public:a*", "*:b"};
static char *ephemeral_globs[] = {"public:mouse"};
static const struct glob_list channels = {3, globs}, ephemeral = {1, ephemeral_globs};
static const struct redis_config config = {.prefix = "bridge:"};

static struct ear new_ear(void)
{
    return (struct ear){.redis = &config, .channels = &channels, .ephemeral = &ephemeral};
}

static bool hear(struct ear *ear, const char *pattern, const char *channel, const char *payload)
{
    const struct heard heard = {{pattern, strlen(pattern)}, {channel, strlen(channel)}, {payload, strlen(payload)}};
    return ear_counts(ear, &heard);
}

static void announce(struct ear *ear, bool is_echoed, const char *channel, const char *payload)
{
    const struct announcement announcement = {.is_echoed = is_echoed,
                                              .source = {.channel = bytes_of(channel), .payload = bytes_of(payload)}};
    ear_hear_live(ear, &announcement);
}

static void only_the_copy_of_the_first_pattern_counts(void **state)
{
    (void)state;
    struct ear ear = new_ear();
    assert_true(hear(&ear, "public:*", "public:ab", "x"));
    assert_false(hear(&ear, "public:a*", "public:ab", "x"));
    assert_true(hear(&ear, "*:b", "other:b", "x"));
    assert_true(hear(&ear, "public:*", "public:b", "x"));
    assert_false(hear(&ear, "*:b", "public:b", "x"));
}

static void internal_and_ephemeral_names_do_not_count(void **state)
{
    (void)state;
    struct ear ear = new_ear();
    assert_false(hear(&ear, "*:b", "bridge:b", "x"));
    assert_false(hear(&ear, "public:*", "public:mouse", "x"));
    assert_false(hear(&ear, "public:*", "unserved", "x"));
}

/* With notify-keyspace-events on and "*" served, one SET would otherwise be recorded without end. */
static void events_about_our_own_keys_do_not_count(void **state)
{
    static char *all_globs[] = {"*"};
    static const struct glob_list all = {1, all_globs}, none = {0, NULL};
    struct ear ear = {.redis = &config, .channels = &all, .ephemeral = &none};
    (void)state;
    assert_true(hear(&ear, "*", "__keyevent@0__:set", "somebody:else"));
    assert_true(hear(&ear, "*", "__keyspace@0__:somebody:else", "set"));
    assert_true(hear(&ear, "*", "__keyspace@0__", "bridge:x"));
    assert_false(hear(&ear, "*", "__keyevent@0__:xadd", "bridge:log:public:a"));
    assert_false(hear(&ear, "*", "__keyspace@3__:bridge:position", "set"));
    announce(&ear, true, "public:a", "x");
    assert_false(hear(&ear, "*", "__keyevent@0__:set", "bridge:position"));
    assert_false(hear(&ear, "*", "public:a", "x")); /* still the echo */
}

/* The echo may look like a bridge's message, which is not waited for. */
static void another_fleets_messages_do_not_count_and_are_no_echo(void **state)
{
    static char *all_globs[] = {"*"};
    static const struct glob_list all = {1, all_globs}, none = {0, NULL};
    struct ear ear = {.redis = &config, .channels = &all, .ephemeral = &none};
    (void)state;
    assert_false(hear(&ear, "*", "b:live:x", "1795640735697-2 0-0 e 0 0 0 0\n"));
    assert_true(hear(&ear, "*", "game:live:x", "hello"));
    announce(&ear, true, "public:a", "x");
    assert_false(hear(&ear, "*", "b:control", "unechoed"));
    assert_false(hear(&ear, "*", "public:a", "x")); /* still the echo */
    announce(&ear, true, "b:control", "unechoed");
    assert_false(hear(&ear, "*", "b:control", "unechoed"));
    assert_true(hear(&ear, "*", "b:control", "somebody"));
}

/* Only where it matters: an update must not keep two releases from standing by for each other. `before` is
 * what the previous release has. */
static void the_filter_is_the_previous_releases_where_the_same_counts(void **state)
{
    static char *public_globs[] = {"public:*"}, *key_globs[] = {"__key*"}, *all_globs[] = {"*"};
    static const struct glob_list some[] = {{1, public_globs}, {1, key_globs}, {1, all_globs}};
    static const struct glob_list none = {0, NULL};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        const struct ear ear = {.redis = &config, .channels = &some[i], .ephemeral = &none};
        uint64_t before = 0xcbf29ce484222325u;
        for (const char *c = some[i].globs[0]; *c; c++)
            before = (before ^ (unsigned char)*c) * 0x100000001b3u;
        assert_int_equal(ear_filter_hash(&ear) - before * 3, i == 0 ? 0 : i == 1 ? 1 : 3);
    }
}

static void an_echo_does_not_count_and_the_next_one_does(void **state)
{
    (void)state;
    struct ear ear = new_ear();
    announce(&ear, true, "public:a", "same");
    assert_false(hear(&ear, "public:*", "public:a", "same"));
    assert_false(hear(&ear, "public:a*", "public:a", "same"));
    assert_true(hear(&ear, "public:*", "public:a", "same"));
}

static void what_is_not_the_echo_counts_and_ends_the_waiting(void **state)
{
    (void)state;
    struct ear ear = new_ear();
    announce(&ear, true, "public:a", "four");
    assert_true(hear(&ear, "public:*", "public:a", "three"));
    assert_true(hear(&ear, "public:*", "public:a", "four"));
    announce(&ear, true, "public:a", "four");
    assert_true(hear(&ear, "public:*", "public:b", "four"));
}

static void the_copy_of_another_message_does_not_take_the_echo(void **state)
{
    (void)state;
    struct ear ear = new_ear();
    announce(&ear, true, "public:ab", "x");
    assert_false(hear(&ear, "public:a*", "public:ab", "x"));
    assert_false(hear(&ear, "public:*", "public:ab", "x"));
}

static void an_echo_that_is_called_off_or_not_heard_is_not_waited_for(void **state)
{
    (void)state;
    struct ear ear = new_ear();
    announce(&ear, true, "public:a", "same");
    ear_begin(&ear);
    assert_true(hear(&ear, "public:*", "public:a", "same"));
    announce(&ear, true, "elsewhere", "same"); /* not served: its plain copy is not received */
    assert_true(hear(&ear, "public:*", "public:a", "same"));
    announce(&ear, false, "public:a", "same");
    assert_true(hear(&ear, "public:*", "public:a", "same"));
}

static void filter_hashes_are_equal_where_the_same_counts(void **state)
{
    (void)state;
    char *turned_globs[] = {"*:b", "public:*", "public:a*"};
    const struct glob_list turned = {3, turned_globs}, fewer = {2, globs}, none = {0};
    struct ear ear = new_ear(), other = new_ear();
    other.channels = &turned;
    assert_true(ear_filter_hash(&ear) == ear_filter_hash(&other));
    other.channels = &fewer;
    assert_true(ear_filter_hash(&ear) != ear_filter_hash(&other));
    other = new_ear();
    other.ephemeral = &none;
    assert_true(ear_filter_hash(&ear) != ear_filter_hash(&other));
    other.channels = &ephemeral;
    ear.channels = &none;
    assert_true(ear_filter_hash(&ear) != ear_filter_hash(&other)); /* served is not the same as ephemeral */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_copy_of_the_first_pattern_counts),
        cmocka_unit_test(internal_and_ephemeral_names_do_not_count),
        cmocka_unit_test(events_about_our_own_keys_do_not_count),
        cmocka_unit_test(another_fleets_messages_do_not_count_and_are_no_echo),
        cmocka_unit_test(the_filter_is_the_previous_releases_where_the_same_counts),
        cmocka_unit_test(an_echo_does_not_count_and_the_next_one_does),
        cmocka_unit_test(what_is_not_the_echo_counts_and_ends_the_waiting),
        cmocka_unit_test(the_copy_of_another_message_does_not_take_the_echo),
        cmocka_unit_test(an_echo_that_is_called_off_or_not_heard_is_not_waited_for),
        cmocka_unit_test(filter_hashes_are_equal_where_the_same_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
