/*
 * REDIS_URL as platforms set it: percent-encoded passwords, IPv6, databases, sockets; the error for a bad one says why.
 */
#include "cmocka_all.h"
#include "redis/config.h"

#include <string.h>

static struct redis_config parse(const char *url)
{
    struct redis_config config = {0};
    const char *error = redis_config_parse_url(&config, url);
    if (error)
        fail_msg("%s: %s", url, error);
    return config;
}

static void defaults(void **state)
{
    (void)state;
    struct redis_config config = parse("redis://");
    assert_string_equal(config.host, "localhost");
    assert_int_equal(config.port, 6379);
    assert_int_equal(config.db, 0);
    assert_false(config.tls);
    assert_int_equal(parse("redis://h/").db, 0);
    assert_int_equal(parse("redis://h:00001").port, 1);
}

static void all_parts(void **state)
{
    (void)state;
    struct redis_config config = parse("rediss://bob:p%40ss%3A%2F@cache.example:7000/12");
    assert_string_equal(config.user, "bob");
    assert_string_equal(config.password, "p@ss:/");
    assert_string_equal(config.host, "cache.example");
    assert_int_equal(config.port, 7000);
    assert_int_equal(config.db, 12);
    assert_true(config.tls);
}

static void password_without_a_user(void **state)
{
    (void)state;
    struct redis_config config = parse("redis://:secret@h");
    assert_string_equal(config.user, "");
    assert_string_equal(config.password, "secret");
}

static void a_raw_at_sign_in_the_password_belongs_to_it(void **state)
{
    (void)state;
    struct redis_config config = parse("redis://u:a@b@host:1/0");
    assert_string_equal(config.password, "a@b");
    assert_string_equal(config.host, "host");
}

static void ipv6(void **state)
{
    (void)state;
    struct redis_config config = parse("redis://[fd12::10]:6380/1");
    assert_string_equal(config.host, "fd12::10");
    assert_int_equal(config.port, 6380);
    assert_int_equal(parse("redis://[::1]").port, 6379);
}

static void unix_sockets(void **state)
{
    (void)state;
    struct redis_config config = parse("unix://:pw@/run/redis/redis.sock?db=3");
    assert_string_equal(config.path, "/run/redis/redis.sock");
    assert_string_equal(config.password, "pw");
    assert_int_equal(config.db, 3);
    assert_string_equal(parse("unix:///tmp/r.sock").path, "/tmp/r.sock");
}

/* As they come out of secret files, consoles and other people's documentation. */
static void schemes_and_white_space_are_forgiven(void **state)
{
    (void)state;
    struct redis_config config = parse(" \tREDIS://:pw@h:7/3\r\n");
    assert_string_equal(config.password, "pw");
    assert_int_equal(config.db, 3);
    assert_false(parse("valkey://h").tls);
    assert_true(parse("valkeys://h").tls);
    assert_true(parse("Rediss://h").tls);
    assert_string_equal(parse("UNIX:///tmp/S\n").path, "/tmp/S");
}

static void assert_refused(const char *url, const char *part)
{
    struct redis_config config = {0};
    const char *error = redis_config_parse_url(&config, url);
    if (!error || !strstr(error, part))
        fail_msg("%s: %s", url, error ? error : "accepted");
}

static void what_is_not_encoded_in_a_password_is_named(void **state)
{
    (void)state;
    assert_refused("redis://u:pa/ss@h", "slash: write it as %2F");
    assert_refused("redis://u:/ss@h/1", "slash: write it as %2F");
    assert_refused("redis://u:pa?ss@h", "question mark: write it as %3F");
    assert_refused("redis://u:100%@h", "percent-encoded");
    assert_refused("redis://h/x", "database");
}

static void bad_ones_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "http://x",
        "localhost:6379",
        "redis://h:0",
        "redis://h:65536",
        "redis://h:12x",
        "redis://h:",
        "redis://h:+1",
        "redis://h:000001",
        "redis://h/x",
        "redis://h/123456",
        "redis://[::1",
        "redis://[::1]x",
        "redis://u:%zz@h",
        "redis://u:%00@h",
        "unix://",
        "redis://h?x=1",
        "redis://h?db=x",
        "redis://%4",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct redis_config config = {0};
        if (!redis_config_parse_url(&config, bad[i]))
            fail_msg("accepted: %s", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(all_parts),
        cmocka_unit_test(password_without_a_user),
        cmocka_unit_test(a_raw_at_sign_in_the_password_belongs_to_it),
        cmocka_unit_test(ipv6),
        cmocka_unit_test(unix_sockets),
        cmocka_unit_test(schemes_and_white_space_are_forgiven),
        cmocka_unit_test(what_is_not_encoded_in_a_password_is_named),
        cmocka_unit_test(bad_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
