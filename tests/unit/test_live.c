/*
 * Announcements on the live channels come from our own Redis functions, but anybody with access to Redis can publish
 * there: nothing malformed may become an entry.
 */
#include "redis/live.h"

#include "cmocka_all.h"
#include "redis/config.h"
#include "redis/listener.h"

#include <string.h>

static const struct redis_config config = {.prefix = "bridge:"};

static bool parse(const char *channel, const char *payload, size_t len, struct announcement *out)
{
    struct heard heard = {.channel = {channel, strlen(channel)}, .payload = {payload, len}};
    return live_parse(&config, &heard, out);
}

static void a_recorded_message(void **state)
{
    (void)state;
    struct announcement a;
    static const char payload[] = "100-2 99-0 r 4 17 0 0\nhello\0world";
    assert_true(parse("bridge:live:chat:lobby", payload, sizeof payload - 1, &a));
    assert_int_equal(a.source.position.ms, 100);
    assert_int_equal(a.source.position.seq, 2);
    assert_int_equal(a.source.previous.ms, 99);
    assert_false(a.is_echoed);
    assert_int_equal(a.era, 4);
    assert_int_equal(a.ordinal, 17);
    assert_true(bytes_is(a.source.channel, "chat:lobby"));
    assert_true(bytes_equal(a.source.payload, BYTES("hello\0world")));
}

static void an_echoed_message_with_event_and_sender(void **state)
{
    (void)state;
    struct announcement a;
    static const char payload[] = "1-0 0-0 e 0 0 4 3\ntickbob";
    assert_true(parse("bridge:live:c", payload, sizeof payload - 1, &a));
    assert_true(a.is_echoed);
    assert_true(bytes_is(a.source.event, "tick"));
    assert_true(bytes_is(a.source.from, "bob"));
    assert_int_equal(a.source.payload.len, 0);
}

static void what_is_not_whole_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "hello",
        "1-0",
        "1-0 0-0 e 0 0 4 3",
        "1-0 0-0 e 0 0 0 0",
        "1-0 0-0 e 0 0\n 0 0\n",
        "1-0 0-0 e 0 0 5 3\ntickbob",
        "1-0 0-0 e 0 0 99999999999999999999 3\ntickbob",
        "1-0 0-0 e 0 0 -1 3\ntickbob",
        "x-0 0-0 e 0 0 0 0\n",
        "1-0 0-0 ee 0 0 0 0\n",
        "1-0 0-0 e x 0 0 0\n",
    };
    struct announcement a;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (parse("bridge:live:c", bad[i], strlen(bad[i]), &a))
            fail_msg("accepted: %s", bad[i]);
}

static void other_channels_are_none(void **state)
{
    (void)state;
    struct announcement a;
    static const char good[] = "1-0 0-0 e 0 0 0 0\n";
    assert_false(parse("bridge:live:", good, sizeof good - 1, &a));
    assert_false(parse("bridge:beat:x", good, sizeof good - 1, &a));
    assert_false(parse("other:live:x", good, sizeof good - 1, &a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recorded_message),
        cmocka_unit_test(an_echoed_message_with_event_and_sender),
        cmocka_unit_test(what_is_not_whole_is_refused),
        cmocka_unit_test(other_channels_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
