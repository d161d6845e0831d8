/*
 * startup.c - collects the values, reads them through the table, fills in what depends on something else.
 *
 *     startup_read:  startup_arguments_read ──► startup_settings_read ──► startup_complete ──► startup_cross_check
 *
 * A value that is not accepted does not stop the reading, so one start reports all of them. The cross-checks come only
 * after all values are accepted.
 */
#include "startup.h"

#include "advice.h"
#include "capacity.h"
#include "config.h"
#include "help.h"
#include "redis/names.h"
#include "settings.h"
#include "tables.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETTINGS_MAX 64
#define WORKERS_MOST 64
#define REDIS_DEADLINE_MS 5000
#define FILES_RESERVE 512 /* open files of a worker that are not streams: Redis, log, epoll, short requests */
#define RAILWAY_MAX_AGE_MS (14 * 60 * 1000)

/* What startup_read() works with. */
struct reading {
    struct config *config;
    enum startup_action action;
    char *flags[SETTINGS_MAX];   /* value of the flag, per setting; NULL: not given */
    bool is_given[SETTINGS_MAX]; /* by flag or environment */
};

static void startup_complain(struct reading *reading, const char *format, ...) PRINTF_LIKE(2, 3);
static void startup_complain(struct reading *reading, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    dprintf(STDERR_FILENO, "redis-bridge: %s\n", line);
    reading->action = STARTUP_BAD;
}

/* --- the command line --------------------------------------------------------------------------------------------- */

/* `--flag value` or `--flag=value`. Returns how many arguments it used; 0: it is not the flag of a setting. */
static int startup_read_setting_flag(struct reading *reading, char **arguments)
{
    char flag[SETTING_FLAG_MAX];
    size_t len = strcspn(arguments[0], "=");
    for (unsigned i = 0; i < setting_count; i++) {
        setting_flag(&settings[i], flag);
        if (strlen(flag) != len || strncmp(flag, arguments[0], len) != 0)
            continue;
        if (arguments[0][len] == '=') {
            reading->flags[i] = arguments[0] + len + 1;
            return 1;
        }
        if (!arguments[1]) {
            startup_complain(reading, "%s needs a value", flag);
            return 1;
        }
        reading->flags[i] = arguments[1];
        return 2;
    }
    return 0;
}

static void startup_print_version(void)
{
    printf("redis-bridge " BRIDGE_VERSION "\n");
}

/* A flag that is not a setting. false: there is no such flag. */
static bool startup_read_action_flag(struct reading *reading, const char *argument)
{
    static const struct {
        const char *flag;
        enum startup_action action;
        void (*print)(void);
    } actions[] = {
        {"--help", STARTUP_DONE, help_print},
        {"-h", STARTUP_DONE, help_print},
        {"--help-markdown", STARTUP_DONE, tables_print},
        {"--version", STARTUP_DONE, startup_print_version},
        {"--foreground", STARTUP_FOREGROUND, NULL},
        {"--check", STARTUP_CHECK, NULL},
    };

    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (strcmp(argument, actions[i].flag) == 0) {
            reading->action = actions[i].action;
            if (actions[i].print)
                actions[i].print();
            return true;
        }
    return false;
}

/* What stands behind a misspelt flag, or without one, may be a password. */
static void startup_complain_argument(struct reading *reading, const char *argument)
{
    if (argument[0] == '-')
        startup_complain(reading, "\"%s\" is not a flag; redis-bridge --help lists all flags",
                         LOG_TEXT(argument, strcspn(argument, "=")));
    else
        startup_complain(reading,
                         "an argument is not a flag (not shown, it may contain a password); redis-bridge --help "
                         "lists all flags");
}

static void startup_arguments_read(struct reading *reading, char **arguments)
{
    while (*arguments && reading->action != STARTUP_DONE) {
        int taken = startup_read_setting_flag(reading, arguments);
        if (taken == 0 && !startup_read_action_flag(reading, *arguments)) {
            startup_complain_argument(reading, *arguments);
            return;
        }
        arguments += taken > 0 ? taken : 1;
    }
}

/* --- values ------------------------------------------------------------------------------------------------------- */

/* An empty variable counts as not set (compose files write it so), except for a list: there it means an empty list. */
static const char *startup_environment_value(const struct setting *setting, const char *name)
{
    const char *text = name ? getenv(name) : NULL;
    return text && (*text != '\0' || setting_may_be_empty(setting)) ? text : NULL;
}

static void startup_complain_value(struct reading *reading, const struct setting *setting, const char *label,
                                   const char *text, const char *why)
{
    char accepts[SETTING_ACCEPTS_MAX], value[LOG_TEXT_MAX + 32];
    if (setting_is_secret(setting))
        snprintf(value, sizeof value, " (not shown, it may contain a password)");
    else
        snprintf(value, sizeof value, "=\"%s\"", LOG_TEXT(text, strlen(text)));
    startup_complain(reading, "%s%s is not accepted%s%s; accepted: %s", label, value, *why != '\0' ? ": " : "", why,
                     setting_accepts(setting, accepts));
}

static void startup_setting_take(struct reading *reading, unsigned index)
{
    const struct setting *setting = &settings[index];
    char flag[SETTING_FLAG_MAX];
    const char *label = setting_flag(setting, flag), *text = reading->flags[index];
    if (!text) {
        label = setting->name;
        text = startup_environment_value(setting, setting->name);
    }
    if (!text && setting->fallback_name) {
        label = setting->fallback_name;
        text = startup_environment_value(setting, setting->fallback_name);
    }
    reading->is_given[index] = text;
    if (!text)
        text = setting->initial;
    const char *why = setting_read(setting, text, reading->config);
    if (why)
        startup_complain_value(reading, setting, label, text, why);
}

static void startup_settings_read(struct reading *reading)
{
    CHECK(setting_count <= SETTINGS_MAX);
    for (unsigned i = 0; i < setting_count; i++)
        startup_setting_take(reading, i);
}

/* A flag's value can be seen by everybody who may list processes, for as long as the memory of the arguments has it. */
static void startup_hide_secrets(const struct reading *reading)
{
    for (unsigned i = 0; i < setting_count; i++)
        if (reading->flags[i] && setting_is_secret(&settings[i]))
            memset(reading->flags[i], '*', strlen(reading->flags[i]));
}

/* --- values that depend on others --------------------------------------------------------------------------------- */

static bool startup_is_given(const struct reading *reading, const char *name)
{
    return reading->is_given[setting_find(name) - settings];
}

static void startup_list_copy(struct glob_list *to, const struct glob_list *from)
{
    CHECK(to->count == 0);
    to->globs = calloc(from->count + 1, sizeof *to->globs);
    CHECK(to->globs);
    for (; to->count < from->count; to->count++) {
        to->globs[to->count] = strdup(from->globs[to->count]);
        CHECK(to->globs[to->count]);
    }
}

/* On Railway a proxy cuts each HTTP response after 15 minutes. RAILWAY_TOKEN alone does not mean that we run there. */
static bool startup_is_on_railway(void)
{
    static const char *const names[] = {"RAILWAY_ENVIRONMENT", "RAILWAY_ENVIRONMENT_ID", "RAILWAY_ENVIRONMENT_NAME",
                                        "RAILWAY_SERVICE_ID",  "RAILWAY_DEPLOYMENT_ID",  "RAILWAY_REPLICA_ID"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (getenv(names[i]))
            return true;
    return false;
}

static void startup_complete(struct reading *reading)
{
    struct config *config = reading->config;
    if (!startup_is_given(reading, "BRIDGE_CHANNELS"))
        startup_list_copy(&config->channels, &config->subscribe);
    if (!startup_is_given(reading, "BRIDGE_MAX_AGE") && startup_is_on_railway())
        config->max_age_ms = RAILWAY_MAX_AGE_MS;
    if (reading->action == STARTUP_FOREGROUND && !startup_is_given(reading, "BRIDGE_WORKERS"))
        config->workers = 1;
    if (config->workers == 0) {
        unsigned processors = capacity_processors();
        config->workers = processors < WORKERS_MOST ? processors : WORKERS_MOST;
    }
    snprintf(config->redis->prefix, sizeof config->redis->prefix, "%s", config->prefix);
    config->redis->history_length = config->history_length;
    config->redis->history_ttl_ms = config->history_ttl_ms;
    config->redis->max_payload = config->max_payload;
    config->redis->deadline_ms = REDIS_DEADLINE_MS;
}

/* --- cross-checks ------------------------------------------------------------------------------------------------- */

static void startup_check_internal(struct reading *reading, const char *name, const struct glob_list *list)
{
    for (unsigned i = 0; i < list->count; i++)
        if (names_is_internal(reading->config->redis, bytes_of(list->globs[i])))
            startup_complain(
                reading,
                "%s: \"%s\" is not accepted; names that begin with %s are reserved for the bridge (BRIDGE_PREFIX)",
                name, LOG_TEXT(list->globs[i], strlen(list->globs[i])), reading->config->prefix);
}

/* Ignoring these would leave open what the operator meant to protect. */
static void startup_check_unsupported(struct reading *reading)
{
    static const char *const names[] = {"BRIDGE_JWT_KEY", "BRIDGE_JWT_KEY_FILE", "BRIDGE_API_KEY"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (getenv(names[i]))
            startup_complain(reading,
                             "%s is not supported by this version: it would protect nothing; unset it to start "
                             "without",
                             names[i]);
}

static void startup_cross_check(struct reading *reading)
{
    const struct config *config = reading->config;
    startup_check_internal(reading, "BRIDGE_SUBSCRIBE", &config->subscribe);
    startup_check_internal(reading, "BRIDGE_PUBLISH", &config->publish);
    if (startup_is_given(reading, "BRIDGE_CHANNELS"))
        startup_check_internal(reading, "BRIDGE_CHANNELS", &config->channels);
    startup_check_internal(reading, "BRIDGE_DEFAULT_CHANNELS", &config->default_channels);
    startup_check_internal(reading, "BRIDGE_EPHEMERAL", &config->ephemeral);
    startup_check_unsupported(reading);
    if ((*config->tls_cert == '\0') != (*config->tls_key == '\0'))
        startup_complain(reading, "%s is set, but %s is not; set both to serve TLS, or neither",
                         *config->tls_cert != '\0' ? "BRIDGE_TLS_CERT" : "BRIDGE_TLS_KEY",
                         *config->tls_cert != '\0' ? "BRIDGE_TLS_KEY" : "BRIDGE_TLS_CERT");
    if (reading->action == STARTUP_FOREGROUND && config->workers != 1)
        startup_complain(reading, "BRIDGE_WORKERS=\"%u\" is not accepted with --foreground; accepted: 1",
                         (unsigned)config->workers);
}

/* --- what the machine allows -------------------------------------------------------------------------------------- */

/* Raises the soft limit on open files first; workers inherit it. */
static void startup_limit_connections(struct config *config)
{
    unsigned files = capacity_raise_files();
    uint64_t possible = files > 2 * FILES_RESERVE ? files - FILES_RESERVE : files / 2;
    if (config->max_connections > possible)
        log_warn("max_connections_lowered",
                 "asked=%llu possible=%llu hint=\"raise the limit on open files (ulimit -n, LimitNOFILE, ulimits)\"",
                 (unsigned long long)config->max_connections, (unsigned long long)possible);
    if (config->max_connections == 0 || config->max_connections > possible)
        config->max_connections = possible;
}

/* --- all together ------------------------------------------------------------------------------------------------- */

enum startup_action startup_read(struct config **out, int argc, char **argv)
{
    struct config *config = *out = config_new();
    struct reading reading = {.config = config, .action = STARTUP_SUPERVISE};
    if (argc > 0)
        startup_arguments_read(&reading, argv + 1);
    if (reading.action == STARTUP_DONE)
        return STARTUP_DONE;
    startup_settings_read(&reading);
    startup_hide_secrets(&reading);
    if (reading.action == STARTUP_BAD)
        return STARTUP_BAD;
    log_open(config->log_level, config->log_json, "bridge");
    if (reading.action == STARTUP_CHECK)
        return STARTUP_CHECK;
    startup_complete(&reading);
    startup_cross_check(&reading);
    if (reading.action == STARTUP_BAD)
        return STARTUP_BAD;
    advice_log(config);
    startup_limit_connections(config);
    return reading.action;
}
