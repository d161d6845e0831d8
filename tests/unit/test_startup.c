/*
 * A bad setting is reported at once, with its name, its value and what is accepted; nothing is guessed or ignored.
 */
#include "startup.h"

#include "config.h"

#include "cmocka_all.h"
#include "redis/config.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char said[16384]; /* what went to standard error and standard output */

#define READ(...) read_with((char *[]){"redis-bridge", __VA_ARGS__ __VA_OPT__(, ) NULL})

struct outcome {
    enum startup_action action;
    struct config *config;
};

static struct outcome outcome;

static void forget_outcome(void)
{
    config_free(outcome.config);
    outcome.config = NULL;
}

static enum startup_action read_with(char **arguments)
{
    int count = 0, ends[2], before = dup(STDERR_FILENO), out_before = dup(STDOUT_FILENO);
    while (arguments[count])
        count++;
    forget_outcome();
    fflush(stdout);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    outcome.action = startup_read(&outcome.config, count, arguments);
    fflush(stdout);
    dup2(before, STDERR_FILENO);
    dup2(out_before, STDOUT_FILENO);
    close(before);
    close(out_before);
    close(ends[1]);
    ssize_t len = read(ends[0], said, sizeof said - 1);
    said[len > 0 ? len : 0] = '\0';
    close(ends[0]);
    return outcome.action;
}

static int clean(void **state)
{
    (void)state;
    forget_outcome();
    clearenv();
    return 0;
}

static void assert_said(const char *part)
{
    if (!strstr(said, part))
        fail_msg("\"%s\" is not in: %s", part, said);
}

static void assert_lines(unsigned expected)
{
    unsigned lines = 0;
    for (const char *at = said; (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, expected);
}

static void defaults_are_good(void **state)
{
    (void)state;
    assert_int_equal(READ(), STARTUP_SUPERVISE);
    const struct config *config = outcome.config;
    assert_int_equal(config->port, 8080);
    assert_string_equal(config->host, "::");
    assert_string_equal(config->redis->host, "localhost");
    assert_string_equal(config->redis->prefix, "bridge:");
    assert_int_equal(config->redis->history_ttl_ms, 3600000);
    assert_int_equal(config->redis->max_payload, 65536);
    assert_in_range(config->workers, 1, 64);
    assert_int_equal(config->subscribe.count, 1);
    assert_string_equal(config->channels.globs[0], "public:*");
    assert_int_equal(config->publish.count, 0);
    assert_int_equal(config->max_age_ms, 0);
    assert_int_equal(config->drain_ms, 10000);
    assert_in_range(config->max_connections, 64, 1024 * 1024);
    assert_string_equal(said, "");
}

static void a_flag_wins_over_the_environment(void **state)
{
    (void)state;
    setenv("PORT", "1000", 1);
    setenv("BRIDGE_HEARTBEAT", "500ms", 1);
    assert_int_equal(READ("--port", "2000", "--drain=3s", "--max-payload=64k"), STARTUP_SUPERVISE);
    assert_int_equal(outcome.config->port, 2000);
    assert_int_equal(outcome.config->heartbeat_ms, 500);
    assert_int_equal(outcome.config->drain_ms, 3000);
    assert_int_equal(outcome.config->max_payload, 65536);
}

static void durations_have_units(void **state)
{
    const struct {
        const char *text;
        uint64_t ms;
    } some[] = {{"1500ms", 1500}, {"20s", 20000}, {"20", 20000}, {"3m", 180000}, {"2h", 7200000}, {"none", 0}};

    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        setenv("BRIDGE_MAX_AGE", some[i].text, 1);
        assert_int_equal(READ(), STARTUP_SUPERVISE);
        assert_int_equal(outcome.config->max_age_ms, some[i].ms);
    }
}

static void numbers_are_digits_and_a_unit(void **state)
{
    static const struct {
        const char *name, *text;
        bool is_good;
    } some[] = {{"PORT", "08080", true},
                {"PORT", "00000000000000000000000000008080", true},
                {"PORT", "65535", true},
                {"PORT", " 8080", false},
                {"PORT", "8080 ", false},
                {"PORT", "+8080", false},
                {"PORT", "0x50", false},
                {"PORT", "8e3", false},
                {"PORT", "18446744073709559696", false}, /* 8080 modulo 2^64 */
                {"BRIDGE_MAX_PAYLOAD", "64K", true},
                {"BRIDGE_MAX_PAYLOAD", "1M", true},
                {"BRIDGE_MAX_PAYLOAD", "k", false},
                {"BRIDGE_MAX_PAYLOAD", "64kb", false},
                {"BRIDGE_MAX_PAYLOAD", "18014398509481984k", false}, /* 2^64 bytes */
                {"BRIDGE_DRAIN", "1H", true},
                {"BRIDGE_DRAIN", "3000MS", true},
                {"BRIDGE_DRAIN", "3.5s", false},
                {"BRIDGE_DRAIN", "-3s", false},
                {"BRIDGE_DRAIN", "3s ", false}};
    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        clearenv();
        setenv(some[i].name, some[i].text, 1);
        if ((READ() == STARTUP_SUPERVISE) != some[i].is_good)
            fail_msg("%s=%s was %s", some[i].name, some[i].text, some[i].is_good ? "refused" : "accepted");
    }
}

static void a_bad_value_is_named_shown_and_explained(void **state)
{
    (void)state;
    setenv("BRIDGE_HEARTBEAT", "90s\n", 1);
    assert_int_equal(READ(), STARTUP_BAD);
    assert_lines(1);
    assert_said("BRIDGE_HEARTBEAT=\"90s\\x0a\" is not accepted");
    assert_said("a duration (such as 500ms, 15s, 10m or 1h) from 100ms to 44s");
    setenv("BRIDGE_HEARTBEAT", "45s", 1);
    setenv("PORT", "65536", 1);
    assert_int_equal(READ("--workers", "0"), STARTUP_BAD);
    assert_lines(3);
    assert_said("PORT=\"65536\" is not accepted; accepted: a whole number from 1 to 65535");
    assert_said("--workers=\"0\"");
    assert_said("or auto");
}

static void bad_values_of_each_kind(void **state)
{
    static const char *const bad[][2] = {
        {"PORT", "80a"},
        {"PORT", "0"},
        {"PORT", "-1"},
        {"PORT", "99999999999999999999999"},
        {"BRIDGE_HOST", "localhost"},
        {"REDIS_URL", "localhost:6379"},
        {"BRIDGE_PREFIX", "a*"},
        {"BRIDGE_PREFIX", "a b"},
        {"BRIDGE_WORKERS", "65"},
        {"BRIDGE_SUBSCRIBE", "a\nb"},
        {"BRIDGE_SUBSCRIBE", "a,\xff"},
        {"BRIDGE_MAX_AGE", "1d"},
        {"BRIDGE_MAX_AGE", "s"},
        {"BRIDGE_MAX_PAYLOAD", "17m"},
        {"BRIDGE_MAX_PAYLOAD", "1g"},
        {"BRIDGE_ORIGINS", "example.com"},
        {"BRIDGE_ORIGINS", "https://example.com/"},
        {"BRIDGE_TLS_CERT", "/no/such/file"},
        {"BRIDGE_LOG", "loud"},
        {"BRIDGE_LOG", "info,xml"},
        {"BRIDGE_DRAIN", "0"},
        {"BRIDGE_LEASE", "3 s"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        clearenv();
        setenv(bad[i][0], bad[i][1], 1);
        if (READ() != STARTUP_BAD)
            fail_msg("%s=%s was accepted", bad[i][0], bad[i][1]);
        assert_said(bad[i][0]);
        assert_said("accepted: ");
    }
}

static void passwords_are_never_shown(void **state)
{
    (void)state;
    setenv("REDIS_URL", "redis//user:secret@host", 1);
    assert_int_equal(READ(), STARTUP_BAD);
    assert_said("REDIS_URL");
    assert_null(strstr(said, "secret"));
    setenv("REDIS_URL", "secret", 1);
    assert_int_equal(READ(), STARTUP_BAD);
    assert_null(strstr(said, "secret"));
    clearenv();
    char wrong[] = "--redis-url=http://:secret@host", typo[] = "--redis-ulr=redis://:secret@host",
         bare[] = "redis://:secret@host";
    char *arguments[] = {wrong, typo, bare};
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
        assert_int_equal(READ(arguments[i]), STARTUP_BAD);
        assert_null(strstr(said, "secret"));
    }
}

/* `ps` shows the memory of the arguments. */
static void a_password_does_not_stay_in_the_arguments(void **state)
{
    char joined[] = "--redis-url=redis://:secret@one", value[] = "redis://:secret@two", port[] = "--port=81";
    (void)state;
    assert_int_equal(READ(joined), STARTUP_SUPERVISE);
    assert_string_equal(outcome.config->redis->password, "secret");
    assert_string_equal(joined, "--redis-url=*******************");
    assert_int_equal(READ("--redis-url", value, port), STARTUP_SUPERVISE);
    assert_string_equal(outcome.config->redis->host, "two");
    assert_string_equal(value, "*******************");
    assert_string_equal(port, "--port=81");
}

static void the_private_url_is_second(void **state)
{
    (void)state;
    setenv("REDIS_PRIVATE_URL", "redis://private", 1);
    setenv("REDIS_URL", "", 1);
    assert_int_equal(READ(), STARTUP_SUPERVISE);
    assert_string_equal(outcome.config->redis->host, "private");
    setenv("REDIS_URL", "redis://first", 1);
    assert_int_equal(READ(), STARTUP_SUPERVISE);
    assert_string_equal(outcome.config->redis->host, "first");
}

static void empty_means_none_for_lists_only(void **state)
{
    (void)state;
    setenv("PORT", "", 1);
    setenv("BRIDGE_SUBSCRIBE", "", 1);
    assert_int_equal(READ(), STARTUP_SUPERVISE);
    assert_int_equal(outcome.config->port, 8080);
    assert_int_equal(outcome.config->subscribe.count, 0);
    assert_int_equal(outcome.config->channels.count, 0);
}

static void internal_names_are_refused(void **state)
{
    (void)state;
    setenv("BRIDGE_PUBLISH", "public:*,bridge:live:*", 1);
    assert_int_equal(READ(), STARTUP_BAD);
    assert_said("BRIDGE_PUBLISH: \"bridge:live:*\" is not accepted");
    setenv("BRIDGE_PREFIX", "other:", 1);
    assert_int_equal(READ(), STARTUP_SUPERVISE);
    assert_string_equal(outcome.config->redis->prefix, "other:");
}

static void keys_that_would_protect_nothing_are_refused(void **state)
{
    static const char *const names[] = {"BRIDGE_JWT_KEY", "BRIDGE_JWT_KEY_FILE", "BRIDGE_API_KEY"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        clearenv();
        setenv(names[i], "hunter2", 1);
        assert_int_equal(READ(), STARTUP_BAD);
        assert_lines(1);
        assert_said(names[i]);
        assert_said("not supported by this version");
        assert_null(strstr(said, "hunter2"));
    }
}

static void typos_are_told(void **state)
{
    (void)state;
    setenv("BRIDGE_SUBSCRIBES", "chat:*", 1);
    assert_int_equal(READ(), STARTUP_SUPERVISE);
    assert_lines(1);
    assert_said("setting_unknown name=\"BRIDGE_SUBSCRIBES\"");
    assert_int_equal(READ("--prot", "80"), STARTUP_BAD);
    assert_said("\"--prot\" is not a flag; redis-bridge --help");
    assert_int_equal(READ("--port"), STARTUP_BAD);
    assert_said("--port needs a value");
    assert_int_equal(READ("serve"), STARTUP_BAD);
    assert_said("an argument is not a flag");
}

/* However many are empty, there is one line: compose files pass unset variables on as empty ones. */
static void empty_variables_are_named(void **state)
{
    (void)state;
    setenv("REDIS_URL", "", 1);
    setenv("BRIDGE_HEARTBEAT", "", 1);
    setenv("BRIDGE_PUBLISH", "", 1);
    assert_int_equal(READ(), STARTUP_SUPERVISE);
    assert_lines(1);
    assert_said("settings_empty names=\"REDIS_URL,BRIDGE_HEARTBEAT\" hint=\"");
}

static void half_a_configuration_gets_a_hint(void **state)
{
    (void)state;
    setenv("BRIDGE_SUBSCRIBE", "", 1);
    assert_int_equal(READ(), STARTUP_SUPERVISE);
    assert_said("nothing_to_subscribe hint=\"BRIDGE_SUBSCRIBE is empty");
    setenv("BRIDGE_SUBSCRIBE", "public:*", 1);
    setenv("BRIDGE_CHANNELS", "", 1);
    assert_int_equal(READ(), STARTUP_SUPERVISE);
    assert_said("nothing_recorded hint=\"BRIDGE_CHANNELS is empty");
    setenv("BRIDGE_CHANNELS", "public:a*", 1);
    setenv("BRIDGE_PUBLISH", "public:b", 1);
    setenv("BRIDGE_DEFAULT_CHANNELS", "public:a,private", 1);
    setenv("BRIDGE_MAX_CHANNELS", "1", 1);
    assert_int_equal(READ(), STARTUP_SUPERVISE);
    assert_lines(4);
    assert_said("subscribe_not_served pattern=\"public:*\"");
    assert_said("publish_not_served pattern=\"public:b\"");
    assert_said("default_channel_closed pattern=\"private\"");
    assert_said("default_channels_many names=2 max=1");
}

static void railway_cuts_after_fifteen_minutes(void **state)
{
    (void)state;
    setenv("RAILWAY_TOKEN", "x", 1);
    assert_int_equal(READ(), STARTUP_SUPERVISE);
    assert_int_equal(outcome.config->max_age_ms, 0);
    setenv("RAILWAY_ENVIRONMENT", "production", 1);
    assert_int_equal(READ(), STARTUP_SUPERVISE);
    assert_int_equal(outcome.config->max_age_ms, 14 * 60 * 1000);
    setenv("BRIDGE_MAX_AGE", "none", 1);
    assert_int_equal(READ(), STARTUP_SUPERVISE);
    assert_int_equal(outcome.config->max_age_ms, 0);
}

static void log_words_in_any_order(void **state)
{
    (void)state;
    setenv("BRIDGE_LOG", "json, debug", 1);
    assert_int_equal(READ(), STARTUP_SUPERVISE);
    assert_true(outcome.config->log_json && outcome.config->log_level == LOG_DEBUG);
    setenv("BRIDGE_LOG", "warn", 1);
    assert_int_equal(READ(), STARTUP_SUPERVISE);
    assert_true(!outcome.config->log_json && outcome.config->log_level == LOG_WARN);
}

static void the_foreground_has_one_worker(void **state)
{
    (void)state;
    assert_int_equal(READ("--foreground"), STARTUP_FOREGROUND);
    assert_int_equal(outcome.config->workers, 1);
    assert_int_equal(READ("--foreground", "--workers=2"), STARTUP_BAD);
    assert_said("--foreground");
}

static void tls_needs_both_halves(void **state)
{
    (void)state;
    setenv("BRIDGE_TLS_CERT", "/dev/null", 1);
    assert_int_equal(READ(), STARTUP_BAD);
    assert_said("BRIDGE_TLS_CERT is set, but BRIDGE_TLS_KEY is not");
    setenv("BRIDGE_TLS_KEY", "/dev/null", 1);
    assert_int_equal(READ(), STARTUP_SUPERVISE);
}

static void help_tells_every_setting(void **state)
{
    char flag[SETTING_FLAG_MAX];
    (void)state;
    assert_int_equal(READ("--version"), STARTUP_DONE);
    assert_int_equal(strncmp(said, "redis-bridge ", 13), 0);
    assert_int_equal(READ("--help-markdown"), STARTUP_DONE);
    for (unsigned i = 0; i < setting_count; i++)
        assert_said(settings[i].name);
    assert_int_equal(READ("--help"), STARTUP_DONE);
    for (unsigned i = 0; i < setting_count; i++)
        assert_said(setting_flag(&settings[i], flag));
    for (char *at = said, *end; (end = strchr(at, '\n')); at = end + 1)
        assert_in_range(end - at, 0, 120);
}

#define CLEAN(test) cmocka_unit_test_setup_teardown(test, clean, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLEAN(defaults_are_good),
        CLEAN(a_flag_wins_over_the_environment),
        CLEAN(durations_have_units),
        CLEAN(numbers_are_digits_and_a_unit),
        CLEAN(a_bad_value_is_named_shown_and_explained),
        CLEAN(bad_values_of_each_kind),
        CLEAN(passwords_are_never_shown),
        CLEAN(a_password_does_not_stay_in_the_arguments),
        CLEAN(the_private_url_is_second),
        CLEAN(empty_means_none_for_lists_only),
        CLEAN(internal_names_are_refused),
        CLEAN(keys_that_would_protect_nothing_are_refused),
        CLEAN(typos_are_told),
        CLEAN(empty_variables_are_named),
        CLEAN(half_a_configuration_gets_a_hint),
        CLEAN(railway_cuts_after_fifteen_minutes),
        CLEAN(log_words_in_any_order),
        CLEAN(the_foreground_has_one_worker),
        CLEAN(tls_needs_both_halves),
        CLEAN(help_tells_every_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
