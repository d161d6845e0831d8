/*
 * Two fleets with prefixes of their own on one Redis, each serving everything: what one says internally must not become
 * a message of the other, or each announcement is announced again, without end. And a user's `robot:control` or
 * `game:live:1` is a channel like any other.
 */
#include "redis/internal.h"

#include "cmocka_all.h"
#include "redis/config.h"
#include "redis/listener.h"

#include <string.h>

#define TOKEN "0123456789abcdefghijklm"

static const struct redis_config config = {.prefix = "a:"};

static bool is(const char *channel, const char *payload)
{
    const struct heard heard = {.channel = bytes_of(channel), .payload = bytes_of(payload)};
    return internal_is(&config, &heard);
}

struct sample {
    const char *channel, *payload;
};

static void assert_all(const struct sample *samples, size_t count, bool expected)
{
    for (size_t i = 0; i < count; i++)
        if (is(samples[i].channel, samples[i].payload) != expected)
            fail_msg("%s on %s", samples[i].payload, samples[i].channel);
}
#define ASSERT_ALL(samples, expected) assert_all(samples, sizeof samples / sizeof *samples, expected)

static void with_our_prefix_all_is_internal(void **state)
{
    (void)state;
    assert_true(is("a:control", "anything"));
    assert_true(is("a:", ""));
    assert_false(is("a", ""));
}

static void what_another_fleet_says_is_internal(void **state)
{
    static const struct sample samples[] = {
        {"b:live:public:a", "1795640735697-2 1795640735697-0 r 1795640735697000 17 0 0\nhello"},
        {"b:live:public:a", "1795640735697-2 0-0 e 0 0 4 3\ntickbobhello"},
        {"b:live:x:live:y", "1795640735697-2 0-0 e 0 0 0 0\n"},
        {"b:live:beat:" TOKEN, "1795640735697-2 0-0 e 0 0 0 0\n"},
        {"b:live:x", "1795640735697-2 0-0 e 0 0 0 0 and what a later release says\n"},
        {"bridge:{7}:live:x", "1795640735697-2 0-0 e 0 0 0 0\n"},
        {"b:beat:" TOKEN, "1795640735697-2"},
        {"b:node:" TOKEN, "heard"},
        {"b:node:" TOKEN, "heard 1795640735697000"},
        {"b:control", "genesis 1795640735697-0"},
        {"b:control", "lost 1795640735697-0 why"},
        {"b:control", "renewed 1795640735697000 " TOKEN},
        {"b:control", "era 1795640735697000 " TOKEN " 0"},
        {"b:control", "vacant " TOKEN},
        {"b:control", "vacant standby"},
        {"b:control", "sync " TOKEN " 1 18446744073709551615 1795640735697000 41"},
        {"b:control", "place " TOKEN " 1 1795640735697000 41"},
        {"b:control", "unechoed"},
        {"b:control", "who " TOKEN},
    };
    (void)state;
    ASSERT_ALL(samples, true);
}

static void what_only_looks_alike_is_not(void **state)
{
    static const struct sample samples[] = {
        {"game:live:x", "hello"},
        {"game:live:x", "17"},
        {"game:live:x", "1-0 0-0 e 0 0 0 0"},
        {"game:live:x", "1-0 0-0 e 0 0 5 3\ntickbob"},
        {"game:live:x", "1-0 0-0 e 5 7 0 0\n"},
        {"game:live:x", "1-0 0-0 r 5 0 0 0\n"},
        {"game:live:x", "01-0 0-0 e 0 0 0 0\n"},
        {"game:live:x", "1 0 e 0 0 0 0\n"},
        {"live:x", "1-0 0-0 e 0 0 0 0\n"},
        {"b:live:", "1-0 0-0 e 0 0 0 0\n"},
        {"heart:beat:1", "17-3"},
        {"heart:beat:" TOKEN, "17"},
        {"heart:beats" TOKEN, "17-3"},
        {"beat:" TOKEN, "17-3"},
        {"x:node:1", "heard"},
        {"x:node:" TOKEN, "heard it"},
        {"x:node:0123456789ABCDEFGHIJKLM", "heard"},
        {"robot:control", "who"},
        {"robot:control", "who goes"},
        {"room:control", "vacant"},
        {"room:control", "vacant soon"},
        {"game:control", "lost 3-2"},
        {"game:control", "genesis 1-0"},
        {"game:control", "sync up"},
        {"game:control", "era 5 bronze 7"},
        {"game:control", ""},
        {"control", "unechoed"},
        {"", ""},
    };
    (void)state;
    ASSERT_ALL(samples, false);
}

static void notifications_about_a_bridges_keys(void **state)
{
    static const struct sample internal[] = {
        {"__keyevent@0__:xadd", "a:log:public:a"},
        {"__keyspace@3__:a:position", "set"},
        {"__keyevent@0__:set", "b:recorder:standby"},
        {"__keyspace@0__:b:inbox:position", "set"},
        {"__keyspace@0__:b:recorder:members", "zadd"},
        {"__keyspace@0__:b:era", "hset"},
        {"__keyevent@0__:hset", "b:era"},
    };
    static const struct sample others[] = {
        {"__keyevent@0__:set", "app:position"}, {"__keyspace@0__:app:position", "set"},
        {"__keyspace@0__", "a:position"},       {"__keyspace@0__:app:era", "set"},
        {"__keyevent@0__:hset", "app:eras"},    {"__keyevent@0__:hset", "era"},
        {"__keyevent@0__:xadd", "app:log:x"},   {"__keyevent", "a:position"},
    };
    (void)state;
    ASSERT_ALL(internal, true);
    ASSERT_ALL(others, false);
}

static void a_glob_says_what_may_be_served(void **state)
{
    static const struct {
        const char *glob;
        bool may_be_events, may_be_others;
    } some[] = {
        {"*", true, true},          {"?:x", true, true},     {"[ab]*", true, true},
        {"__key*", true, false},    {"_?", true, false},     {"__keyevent@0__:set", true, false},
        {"public:*", false, false}, {"__keys", true, false},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof some / sizeof *some; i++) {
        assert_int_equal(internal_may_be_events(some[i].glob), some[i].may_be_events);
        assert_int_equal(internal_may_be_others(some[i].glob), some[i].may_be_others);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_our_prefix_all_is_internal), cmocka_unit_test(what_another_fleet_says_is_internal),
        cmocka_unit_test(what_only_looks_alike_is_not),    cmocka_unit_test(notifications_about_a_bridges_keys),
        cmocka_unit_test(a_glob_says_what_may_be_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
