/*
 * config.h - which Redis, how our names in it begin, and how much of what was said it keeps.
 */
#ifndef REDIS_CONFIG_H
#define REDIS_CONFIG_H

#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REDIS_URL_PART_MAX 512
#define REDIS_PREFIX_MAX 64

struct redis_config {
    char host[REDIS_URL_PART_MAX];     /* empty where `path` is set */
    char path[REDIS_URL_PART_MAX];     /* of a unix socket */
    char user[REDIS_URL_PART_MAX];     /* empty: the default user */
    char password[REDIS_URL_PART_MAX]; /* empty: none is asked for */
    unsigned port;
    unsigned db;
    bool tls;
    char prefix[REDIS_PREFIX_MAX]; /* of keys and internal channels, "bridge:" */
    uint64_t history_length;       /* entries that the log of one channel keeps */
    uint64_t history_ttl_ms;       /* for so long after its newest entry a log is kept */
    size_t max_payload;            /* bytes */
    uint64_t deadline_ms;          /* for connecting, and for each command */
};

/*
 * Parse redis://, rediss:// or unix:// with user, password (percent-encoded) and db. NULL where it is good, else what
 * is wrong with it (static text).
 */
MUST_CHECK const char *redis_config_parse_url(struct redis_config *config, const char *url);

#endif
