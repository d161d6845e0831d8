/*
 * settings.c - the table, and the kinds of values in it.
 */
#include "settings.h"

#include "base/bytes.h"
#include "base/utf8.h"
#include "config.h"
#include "redis/config.h"
#include "words/glob.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef const char *(*read_fn)(const struct setting *setting, const char *text, struct config *config);

struct setting_kind {
    read_fn read;
    const char *accepts;                                   /* in words */
    void (*print)(char *out, size_t len, uint64_t number); /* NULL: not a number, has no range */
    bool may_be_empty;                                     /* see setting_may_be_empty() */
    bool is_secret;                                        /* see setting_is_secret() */
};

static void *setting_field(const struct setting *setting, struct config *config)
{
    return (char *)config + setting->offset;
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

struct unit {
    const char *suffix;
    uint64_t factor;
};

/* Digits and a unit. The unit "" stands for a number without a unit. */
static bool setting_parse_units(const char *text, const struct unit *units, uint64_t *out)
{
    struct bytes digits = {text, strspn(text, "0123456789")};
    uint64_t number;
    if (!bytes_number(digits, UINT64_MAX, &number))
        return false;
    for (; units->suffix; units++)
        if (strcasecmp(text + digits.len, units->suffix) == 0)
            return !__builtin_mul_overflow(number, units->factor, out);
    return false;
}

static const char *setting_read_number(const struct setting *setting, const char *text, const struct unit *units,
                                       struct config *config)
{
    uint64_t number;
    if (setting->word && strcmp(text, setting->word) == 0)
        number = 0;
    else if (!setting_parse_units(text, units, &number) || number < setting->least || number > setting->most)
        return "";
    *(uint64_t *)setting_field(setting, config) = number;
    return NULL;
}

static const char *setting_read_count(const struct setting *setting, const char *text, struct config *config)
{
    static const struct unit units[] = {{"", 1}, {NULL, 0}};
    return setting_read_number(setting, text, units, config);
}

static const char *setting_read_size(const struct setting *setting, const char *text, struct config *config)
{
    static const struct unit units[] = {{"", 1}, {"k", 1024}, {"m", 1024 * 1024}, {NULL, 0}};
    return setting_read_number(setting, text, units, config);
}

static const char *setting_read_duration(const struct setting *setting, const char *text, struct config *config)
{
    static const struct unit units[] = {{"ms", 1}, {"", 1000}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {NULL, 0}};
    return setting_read_number(setting, text, units, config);
}

static void setting_print_count(char *out, size_t len, uint64_t number)
{
    snprintf(out, len, "%" PRIu64, number);
}

static void setting_print_size(char *out, size_t len, uint64_t bytes)
{
    if (bytes >= 1024 * 1024 && bytes % (1024 * 1024) == 0)
        snprintf(out, len, "%" PRIu64 "m", bytes / 1024 / 1024);
    else
        snprintf(out, len, "%" PRIu64, bytes);
}

static void setting_print_duration(char *out, size_t len, uint64_t ms)
{
    if (ms % 3600000 == 0)
        snprintf(out, len, "%" PRIu64 "h", ms / 3600000);
    else if (ms % 1000 == 0)
        snprintf(out, len, "%" PRIu64 "s", ms / 1000);
    else
        snprintf(out, len, "%" PRIu64 "ms", ms);
}

/* --- texts -------------------------------------------------------------------------------------------------------- */

static const char *setting_keep_text(const struct setting *setting, const char *text, struct config *config)
{
    char **kept = setting_field(setting, config), *copy = strdup(text);
    CHECK(copy);
    free(*kept);
    *kept = copy;
    return NULL;
}

static const char *setting_read_address(const struct setting *setting, const char *text, struct config *config)
{
    unsigned char address[16];
    if (inet_pton(AF_INET, text, address) != 1 && inet_pton(AF_INET6, text, address) != 1)
        return "";
    return setting_keep_text(setting, text, config);
}

/* The prefix becomes part of glob patterns (PSUBSCRIBE <prefix>live:…), so it must not contain their characters. */
static const char *setting_read_prefix(const struct setting *setting, const char *text, struct config *config)
{
    if (*text == '\0' || strlen(text) >= REDIS_PREFIX_MAX)
        return "";
    for (const char *at = text; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~' || strchr("*?[]\\", *at))
            return "";
    return setting_keep_text(setting, text, config);
}

static const char *setting_read_file_name(const struct setting *setting, const char *text, struct config *config)
{
    if (*text != '\0' && access(text, R_OK) != 0)
        return strerror(errno);
    return setting_keep_text(setting, text, config);
}

static const char *setting_read_redis_url(const struct setting *setting, const char *text, struct config *config)
{
    (void)setting;
    return redis_config_parse_url(config->redis, text);
}

/* Words: a level, a format, or both, in any order. */
static const char *setting_read_log(const struct setting *setting, const char *text, struct config *config)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    struct glob_list words;
    bool is_good = true;
    (void)setting;
    CHECK(glob_list_parse(&words, text));
    for (unsigned i = 0; i < words.count && is_good; i++) {
        is_good = false;
        for (unsigned level = 0; level < 4; level++)
            if (strcmp(words.globs[i], levels[level]) == 0) {
                config->log_level = (enum log_level)level;
                is_good = true;
            }
        if (strcmp(words.globs[i], "json") == 0 || strcmp(words.globs[i], "text") == 0) {
            config->log_json = words.globs[i][0] == 'j';
            is_good = true;
        }
    }
    glob_list_fini(&words);
    return is_good ? NULL : "";
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

static const char *setting_read_list(const struct setting *setting, const char *text, struct config *config,
                                     const char *(*part_error)(const char *part, size_t len))
{
    struct glob_list *kept = setting_field(setting, config), list;
    const char *error = NULL;
    CHECK(glob_list_parse(&list, text));
    for (unsigned i = 0; i < list.count && !error; i++)
        error = part_error(list.globs[i], strlen(list.globs[i]));
    if (error) {
        glob_list_fini(&list);
        return error;
    }
    glob_list_fini(kept);
    *kept = list;
    return NULL;
}

static const char *setting_read_channels(const struct setting *setting, const char *text, struct config *config)
{
    return setting_read_list(setting, text, config, channel_name_error);
}

/* What a browser sends in the Origin header: a scheme and a host, no path. Globs are allowed. */
static const char *setting_origin_error(const char *part, size_t len)
{
    const char *host = strstr(part, "://");
    if (strcmp(part, "null") == 0)
        return NULL;
    if (!host || host[3] == '\0')
        return "an origin must begin with a scheme such as https://";
    if (strchr(host + 3, '/'))
        return "an origin must end after the host or its port";
    return utf8_is_valid(part, len) ? NULL : "";
}

static const char *setting_read_origins(const struct setting *setting, const char *text, struct config *config)
{
    return setting_read_list(setting, text, config, setting_origin_error);
}

/* --- kinds -------------------------------------------------------------------------------------------------------- */

static const struct setting_kind setting_kind_count = {
    .read = setting_read_count, .accepts = "a whole number", .print = setting_print_count};
static const struct setting_kind setting_kind_size = {
    .read = setting_read_size, .accepts = "a number of bytes (such as 65536, 64k or 1m)", .print = setting_print_size};
static const struct setting_kind setting_kind_duration = {.read = setting_read_duration,
                                                          .accepts = "a duration (such as 500ms, 15s, 10m or 1h)",
                                                          .print = setting_print_duration};
static const struct setting_kind setting_kind_address = {
    .read = setting_read_address, .accepts = "an IPv4 or IPv6 address (:: is every address of both)"};
static const struct setting_kind setting_kind_prefix = {
    .read = setting_read_prefix,
    .accepts = "1 to 63 printable ASCII characters, none of them a space or one of *?[]\\"};
static const struct setting_kind setting_kind_readable = {.read = setting_read_file_name,
                                                          .accepts = "the name of a readable file"};
static const struct setting_kind setting_kind_url = {
    .read = setting_read_redis_url,
    .accepts = "redis://, rediss://, valkey:// or valkeys://[user[:password]@]host[:port][/db], or "
               "unix://[user[:password]@]/path[?db=n]",
    .is_secret = true};
static const struct setting_kind setting_kind_log = {
    .read = setting_read_log, .accepts = "one of error, warn, info, debug and one of text, json, separated by a comma"};
static const struct setting_kind setting_kind_channels = {
    .read = setting_read_channels,
    .accepts =
        "a comma-separated list of channels or patterns, each 1 to 256 bytes of UTF-8 without control characters",
    .may_be_empty = true};
static const struct setting_kind setting_kind_origins = {
    .read = setting_read_origins,
    .accepts =
        "a comma-separated list such as https://example.com,https://*.example.org (no path, no slash at the end)",
    .may_be_empty = true};

/* --- the table ---------------------------------------------------------------------------------------------------- */

#define FIELD(name) offsetof(struct config, name)
#define HOURS 3600000ull

const struct setting settings[] = {
    {"PORT", NULL, &setting_kind_count, FIELD(port), "8080", NULL, NULL, 1, 65535, "Port to listen on."},
    {"BRIDGE_HOST", NULL, &setting_kind_address, FIELD(host), "::", NULL, NULL, 0, 0,
     "Address to listen on. `::` means every IPv6 and IPv4 address, and also works on hosts without IPv6."},
    {"REDIS_URL", "REDIS_PRIVATE_URL", &setting_kind_url, FIELD(redis), "redis://localhost:6379", NULL, NULL, 0, 0,
     "The Redis (7.0 or newer) or Valkey (7.2 or newer) server: `redis://`, `rediss://` (TLS) or `unix://`, with user, "
     "password and database number. If it is not set, `REDIS_PRIVATE_URL` is used."},
    {"BRIDGE_PREFIX", NULL, &setting_kind_prefix, FIELD(prefix), "bridge:", NULL, NULL, 0, 0,
     "Prefix of the bridge's own Redis keys, channels and functions. Instances with the same Redis, database and prefix "
     "form one fleet."},
    {"BRIDGE_WORKERS", NULL, &setting_kind_count, FIELD(workers), "auto", NULL, "auto", 1, 64,
     "Number of worker processes. `auto`: one for each processor that is available."},
    {"BRIDGE_SUBSCRIBE", NULL, &setting_kind_channels, FIELD(subscribe), "public:*", NULL, NULL, 0, 0,
     "Channels and patterns that every browser may listen to."},
    {"BRIDGE_PUBLISH", NULL, &setting_kind_channels, FIELD(publish), "", NULL, NULL, 0, 0,
     "Channels and patterns that every browser may publish to."},
    {"BRIDGE_CHANNELS", NULL, &setting_kind_channels, FIELD(channels), "", "`BRIDGE_SUBSCRIBE`", NULL, 0, 0,
     "Channels and patterns that this fleet serves. Plain `PUBLISH` messages on them are recorded, whether or not a "
     "browser is listening. If it is empty, no recorder runs, plain `PUBLISH` reaches no browser, and only "
     "`BRIDGE_SUBSCRIBE` and `BRIDGE_PUBLISH` restrict channels."},
    {"BRIDGE_DEFAULT_CHANNELS", NULL, &setting_kind_channels, FIELD(default_channels), "", NULL, NULL, 0, 0,
     "Channels of requests to `/events`, `/ws` and `/history` that name none."},
    {"BRIDGE_EPHEMERAL", NULL, &setting_kind_channels, FIELD(ephemeral), "", NULL, NULL, 0, 0,
     "Channels and patterns without history: messages are delivered live only, have no id and are not stored."},
    {"BRIDGE_HISTORY_LENGTH", NULL, &setting_kind_count, FIELD(history_length), "1000", NULL, NULL, 1, 10000000,
     "Keep at least this many of the newest entries of each channel."},
    {"BRIDGE_HISTORY_TTL", NULL, &setting_kind_duration, FIELD(history_ttl_ms), "1h", NULL, NULL, 1000, 8760 * HOURS,
     "Delete a channel's history this long after its newest entry."},
    {"BRIDGE_HEARTBEAT", NULL, &setting_kind_duration, FIELD(heartbeat_ms), "15s", NULL, NULL, 100, 44000,
     "Send a heartbeat on a stream after this much silence."},
    {"BRIDGE_STALL", NULL, &setting_kind_duration, FIELD(stall_ms), "60s", NULL, NULL, 1000, HOURS,
     "A browser that accepts none of the data sent to it is disconnected after one to two times this period. A browser "
     "that reads slowly is not."},
    {"BRIDGE_MAX_AGE", NULL, &setting_kind_duration, FIELD(max_age_ms), "none", "none; 14m on Railway", "none", 1000,
     8760 * HOURS,
     "End each stream at a random age of 85 to 100 % of this, so that the browser reconnects before a proxy cuts the "
     "connection."},
    {"BRIDGE_DRAIN", NULL, &setting_kind_duration, FIELD(drain_ms), "10s", NULL, NULL, 1000, HOURS,
     "Time limit of the shutdown after SIGTERM."},
    {"BRIDGE_ORIGINS", NULL, &setting_kind_origins, FIELD(origins), "", "any", NULL, 0, 0,
     "Origins whose pages may connect: the browser's `Origin` header is compared. `*` is a wildcard."},
    {"BRIDGE_MAX_PAYLOAD", NULL, &setting_kind_size, FIELD(max_payload), "65536", NULL, NULL, 1, 16 * 1024 * 1024,
     "Largest payload, in bytes."},
    {"BRIDGE_MAX_CHANNELS", NULL, &setting_kind_count, FIELD(max_channels), "100", NULL, NULL, 1, 1000,
     "Number of channels and patterns that one connection may listen to."},
    {"BRIDGE_MAX_CONNECTIONS", NULL, &setting_kind_count, FIELD(max_connections), "auto", NULL, "auto", 1, 1000000,
     "Number of connections that each worker accepts. `auto`: as many as the limit on open files allows."},
    {"BRIDGE_LEASE", NULL, &setting_kind_duration, FIELD(lease_ms), "3s", NULL, NULL, 200, 60000,
     "How long a recorder that hangs keeps its lease before the standby takes over."},
    {"BRIDGE_TLS_CERT", NULL, &setting_kind_readable, FIELD(tls_cert), "", NULL, NULL, 0, 0,
     "Certificate chain (PEM file), to serve HTTPS and WSS. Needs `BRIDGE_TLS_KEY`."},
    {"BRIDGE_TLS_KEY", NULL, &setting_kind_readable, FIELD(tls_key), "", NULL, NULL, 0, 0,
     "Private key of the certificate (PEM file)."},
    {"BRIDGE_LOG", NULL, &setting_kind_log, FIELD(log_level), "info,text", NULL, NULL, 0, 0,
     "Log level (`error`, `warn`, `info`, `debug`) and log format (`text`, `json`)."},
};
const unsigned setting_count = sizeof settings / sizeof settings[0];

/* --- using it ----------------------------------------------------------------------------------------------------- */

const struct setting *setting_find(const char *name)
{
    for (unsigned i = 0; i < setting_count; i++)
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
    return NULL;
}

const char *setting_read(const struct setting *setting, const char *text, struct config *config)
{
    return setting->kind->read(setting, text, config);
}

const char *setting_accepts(const struct setting *setting, char out[static SETTING_ACCEPTS_MAX])
{
    char range[64] = "", least[24], most[24];
    if (setting->kind->print) {
        setting->kind->print(least, sizeof least, setting->least);
        setting->kind->print(most, sizeof most, setting->most);
        snprintf(range, sizeof range, " from %s to %s", least, most);
    }
    snprintf(out, SETTING_ACCEPTS_MAX, "%s%s%s%s", setting->kind->accepts, range, setting->word ? ", or " : "",
             setting->word ? setting->word : "");
    return out;
}

const char *setting_default(const struct setting *setting)
{
    if (setting->initial_words)
        return setting->initial_words;
    return *setting->initial != '\0' ? setting->initial : "empty";
}

const char *setting_flag(const struct setting *setting, char out[static SETTING_FLAG_MAX])
{
    const char *name = setting->name;
    if (strncmp(name, "BRIDGE_", 7) == 0)
        name += 7;
    int len = snprintf(out, SETTING_FLAG_MAX, "--%s", name);
    CHECK(len < SETTING_FLAG_MAX);
    for (char *at = out; *at != '\0'; at++)
        if (*at == '_')
            *at = '-';
        else if (*at >= 'A' && *at <= 'Z')
            *at += 'a' - 'A';
    return out;
}

bool setting_may_be_empty(const struct setting *setting)
{
    return setting->kind->may_be_empty;
}

bool setting_is_secret(const struct setting *setting)
{
    return setting->kind->is_secret;
}
