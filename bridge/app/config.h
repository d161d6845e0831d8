/*
 * config.h - what this process was told to do: environment and flags, read once, before anything else happens.
 *
 * Story     settings.c holds the one table of settings; config_read() goes through it. A flag wins over the
 *           environment, that over the default. Whatever is wrong is said on standard error, one line per setting: its
 *           name, the value, what is accepted. Nothing else in the program reads the environment.
 * Owns      everything that it points to; workers inherit it through fork() and borrow from it.
 */
#ifndef APP_CONFIG_H
#define APP_CONFIG_H

#include "base/check.h"
#include "base/log.h"
#include "words/glob.h"

#include <stdbool.h>
#include <stdint.h>

struct redis_config;

struct config {
    struct redis_config *redis;
    char *prefix; /* copied into redis, with the three below */
    uint64_t history_length, history_ttl_ms, max_payload;
    char *host;
    uint64_t port;
    uint64_t workers; /* never 0 once read */
    struct glob_list subscribe, publish, channels, default_channels, ephemeral, origins;
    uint64_t heartbeat_ms, stall_ms, max_age_ms, drain_ms, lease_ms;
    uint64_t max_channels, max_connections;
    char *tls_cert, *tls_key; /* "" for plain HTTP */
    enum log_level log_level;
    bool log_json;
};

enum config_action {
    CONFIG_SUPERVISE,  /* run, with worker processes */
    CONFIG_FOREGROUND, /* run, in one process */
    CONFIG_CHECK,      /* ask the running instance whether it is ready */
    CONFIG_DONE,       /* --help or --version was answered: exit 0 */
    CONFIG_BAD,        /* what is wrong has been said: exit 1 */
};

/* `out` is yours in any case; to be given back with config_free(). The log is open afterwards. */
MUST_CHECK enum config_action config_read(struct config **out, int argc, char **argv);
void config_free(struct config *config);

/* Log what matters of it, without secrets. */
void config_log(const struct config *config);

#endif
