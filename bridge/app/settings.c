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

/* Digits and a unit. The unit "" is the one of a bare number. */
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

/* It becomes part of glob patterns (PSUBSCRIBE <prefix>live:…) and so must not be one. */
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

/* What a browser puts into the Origin header: a scheme and a host, no path. Globs are fine. */
static const char *setting_origin_error(const char *part, size_t len)
{
    const char *host = strstr(part, "://");
    if (strcmp(part, "null") == 0)
        return NULL;
    if (!host || host[3] == '\0')
        return "an origin begins with a scheme such as https://";
    if (strchr(host + 3, '/'))
        return "an origin ends with the host or its port";
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
    .read = setting_read_size, .accepts = "a number of bytes such as 65536, 64k or 1m", .print = setting_print_size};
static const struct setting_kind setting_kind_duration = {.read = setting_read_duration,
                                                          .accepts = "a duration such as 500ms, 15s, 10m or 1h",
                                                          .print = setting_print_duration};
static const struct setting_kind setting_kind_address = {
    .read = setting_read_address, .accepts = "an IPv4 or IPv6 address (:: is every address of both)"};
static const struct setting_kind setting_kind_prefix = {
    .read = setting_read_prefix,
    .accepts = "1 to 63 printable ASCII characters, none of them a space or one of *?[]\\"};
static const struct setting_kind setting_kind_readable = {.read = setting_read_file_name,
                                                          .accepts = "the name of a file that can be read"};
static const struct setting_kind setting_kind_url = {
    .read = setting_read_redis_url,
    .accepts = "redis:// or rediss://[user[:password]@]host[:port][/db], or unix://[user[:password]@]/path[?db=n]",
    .is_secret = true};
static const struct setting_kind setting_kind_log = {
    .read = setting_read_log,
    .accepts = "one of error, warn, info, debug and one of text, json, with a comma between them"};
static const struct setting_kind setting_kind_channels = {
    .read = setting_read_channels,
    .accepts = "a comma list of channels or patterns, each 1 to 256 bytes of UTF-8 without control characters",
    .may_be_empty = true};
static const struct setting_kind setting_kind_origins = {
    .read = setting_read_origins,
    .accepts = "a comma list such as https://example.com,https://*.example.org (no path, no slash at the end)",
    .may_be_empty = true};

/* --- the table ---------------------------------------------------------------------------------------------------- */

#define FIELD(name) offsetof(struct config, name)
#define HOURS 3600000ull

const struct setting settings[] = {
    {"PORT", NULL, &setting_kind_count, FIELD(port), "8080", NULL, NULL, 1, 65535, "Where to listen."},
    {"BRIDGE_HOST", NULL, &setting_kind_address, FIELD(host), "::", NULL, NULL, 0, 0,
     "The address to listen on. `::` is every IPv6 and IPv4 address, also where there is no IPv6."},
    {"REDIS_URL", "REDIS_PRIVATE_URL", &setting_kind_url, FIELD(redis), "redis://localhost:6379", NULL, NULL, 0, 0,
     "The Redis (7.0 or newer) or Valkey (7.2 or newer) to use: `redis://`, `rediss://` (TLS) or `unix://`, with user, "
     "password and database. `REDIS_PRIVATE_URL` is read where it is not set."},
    {"BRIDGE_PREFIX", NULL, &setting_kind_prefix, FIELD(prefix), "bridge:", NULL, NULL, 0, 0,
     "What the names of the bridge's own keys and channels begin with. Instances that share a Redis and a prefix are "
     "one fleet."},
    {"BRIDGE_WORKERS", NULL, &setting_kind_count, FIELD(workers), "auto", NULL, "auto", 1, 64,
     "Worker processes. `auto`: as many as processors may be used."},
    {"BRIDGE_SUBSCRIBE", NULL, &setting_kind_channels, FIELD(subscribe), "public:*", NULL, NULL, 0, 0,
     "Channels and patterns that any browser may listen to."},
    {"BRIDGE_PUBLISH", NULL, &setting_kind_channels, FIELD(publish), "", NULL, NULL, 0, 0,
     "Channels and patterns that any browser may publish to."},
    {"BRIDGE_CHANNELS", NULL, &setting_kind_channels, FIELD(channels), "", "`BRIDGE_SUBSCRIBE`", NULL, 0, 0,
     "What is served at all: plain `PUBLISH` on these channels and patterns is recorded, whether or not a browser "
     "listens. Empty: none is, no recorder runs, and nothing is limited."},
    {"BRIDGE_DEFAULT_CHANNELS", NULL, &setting_kind_channels, FIELD(default_channels), "", NULL, NULL, 0, 0,
     "What `/events` and `/ws` mean when they name no channel."},
    {"BRIDGE_EPHEMERAL", NULL, &setting_kind_channels, FIELD(ephemeral), "", NULL, NULL, 0, 0,
     "Channels and patterns without history: live only, no ids, nothing stored."},
    {"BRIDGE_HISTORY_LENGTH", NULL, &setting_kind_count, FIELD(history_length), "1000", NULL, NULL, 1, 10000000,
     "Newest entries of each channel that are kept, at least."},
    {"BRIDGE_HISTORY_TTL", NULL, &setting_kind_duration, FIELD(history_ttl_ms), "1h", NULL, NULL, 1000, 8760 * HOURS,
     "How long a channel's history lives after its newest entry."},
    {"BRIDGE_HEARTBEAT", NULL, &setting_kind_duration, FIELD(heartbeat_ms), "15s", NULL, NULL, 100, 44000,
     "After so much silence a stream hears a heartbeat."},
    {"BRIDGE_STALL", NULL, &setting_kind_duration, FIELD(stall_ms), "60s", NULL, NULL, 1000, HOURS,
     "A browser that takes nothing of what is sent to it for so long is cut, at twice that at the latest. One that is "
     "slow is not."},
    {"BRIDGE_MAX_AGE", NULL, &setting_kind_duration, FIELD(max_age_ms), "none", "none; 14m on Railway", "none", 1000,
     8760 * HOURS,
     "Age at which a stream is ended, so that the browser reconnects before a proxy cuts it. Each ends at 85 to 100 % "
     "of it."},
    {"BRIDGE_DRAIN", NULL, &setting_kind_duration, FIELD(drain_ms), "10s", NULL, NULL, 1000, HOURS,
     "After SIGTERM everything has ended within this time."},
    {"BRIDGE_ORIGINS", NULL, &setting_kind_origins, FIELD(origins), "", "any", NULL, 0, 0,
     "Origins whose pages may connect."},
    {"BRIDGE_MAX_PAYLOAD", NULL, &setting_kind_size, FIELD(max_payload), "65536", NULL, NULL, 1, 16 * 1024 * 1024,
     "The largest payload."},
    {"BRIDGE_MAX_CHANNELS", NULL, &setting_kind_count, FIELD(max_channels), "100", NULL, NULL, 1, 1000,
     "Channels and patterns that one connection may listen to."},
    {"BRIDGE_MAX_CONNECTIONS", NULL, &setting_kind_count, FIELD(max_connections), "auto", NULL, "auto", 1, 1000000,
     "Connections of each worker. `auto`: what the limit of open files allows."},
    {"BRIDGE_LEASE", NULL, &setting_kind_duration, FIELD(lease_ms), "3s", NULL, NULL, 200, 60000,
     "How long a recorder that hangs keeps the recorder's seat from others."},
    {"BRIDGE_TLS_CERT", NULL, &setting_kind_readable, FIELD(tls_cert), "", NULL, NULL, 0, 0,
     "A certificate chain (PEM), to speak TLS. With `BRIDGE_TLS_KEY`."},
    {"BRIDGE_TLS_KEY", NULL, &setting_kind_readable, FIELD(tls_key), "", NULL, NULL, 0, 0,
     "The certificate's private key (PEM)."},
    {"BRIDGE_LOG", NULL, &setting_kind_log, FIELD(log_level), "info,text", NULL, NULL, 0, 0,
     "What is logged (`error`, `warn`, `info`, `debug`) and how (`text`, `json`)."},
};
const unsigned setting_count = sizeof settings / sizeof settings[0];

/* --- using it ----------------------------------------------------------------------------------------------------- */

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
        snprintf(range, sizeof range, ", from %s to %s", least, most);
    }
    snprintf(out, SETTING_ACCEPTS_MAX, "%s%s%s%s", setting->kind->accepts, range, setting->word ? ", or " : "",
             setting->word ? setting->word : "");
    return out;
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
