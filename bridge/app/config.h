/*
 * config.h - the settings of this instance: environment and flags, read once, before anything else happens.
 *
 * Story     startup.h fills it; everything else only reads it.
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
    enum redis_space *redis_space; /* redis points to it */
    char *prefix;                  /* of the bridge's own keys, channels and functions; redis has a copy */
    uint64_t history_length;       /* entries kept of a channel, at least; redis has a copy */
    uint64_t history_ttl_ms;       /* redis has a copy */
    uint64_t max_payload;          /* bytes; redis has a copy */
    char *host;                    /* a numeric address */
    uint64_t port;
    uint64_t workers;                  /* never 0 once read */
    struct glob_list subscribe;        /* any browser may listen to these */
    struct glob_list publish;          /* any browser may publish to these */
    struct glob_list channels;         /* plain PUBLISH on these is recorded */
    struct glob_list default_channels; /* of requests that name none */
    struct glob_list ephemeral;        /* these have no history */
    struct glob_list origins;          /* pages of these may connect; none: of any */
    uint64_t heartbeat_ms;             /* how much silence before one is sent */
    uint64_t stall_ms;                 /* a browser that accepts no data for this long is disconnected */
    uint64_t max_age_ms;               /* of a stream; 0: no limit */
    uint64_t drain_ms;                 /* time limit of the shutdown after SIGTERM */
    uint64_t lease_ms;                 /* of the recorder's seat: how long one that hangs keeps it */
    uint64_t max_channels;             /* of one connection */
    uint64_t max_connections;          /* of one worker; never 0 once read */
    char *tls_cert;                    /* a file's name; "" for plain HTTP */
    char *tls_key;                     /* a file's name; "" for plain HTTP */
    enum log_level log_level;
    bool log_json;
};

/* Everything is empty. The caller frees it with config_free(). */
struct config *config_new(void);
void config_free(struct config *config);

/* Log the main settings, without secrets. */
void config_log(const struct config *config);

#endif
