/*
 * config.h - which Redis to use, the prefix of our names in it, and how much history it keeps.
 */
#ifndef REDIS_CONFIG_H
#define REDIS_CONFIG_H

#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REDIS_URL_PART_MAX 512
#define REDIS_PREFIX_MAX 64

/* Where this process's channels are, see redis/space.h; once it is known, it stays. */
enum redis_space {
    SPACE_UNKNOWN, /* the links ask when they connect; none is up before it is known */
    SPACE_APART,   /* in a space of this database's own */
    SPACE_SHARED,  /* in that of database 0, as bridges of the previous release run */
};

struct redis_config {
    char host[REDIS_URL_PART_MAX];     /* empty if `path` is set */
    char path[REDIS_URL_PART_MAX];     /* of a unix socket; empty: TCP */
    char user[REDIS_URL_PART_MAX];     /* empty: the default user */
    char password[REDIS_URL_PART_MAX]; /* empty: no AUTH is sent */
    unsigned port;
    unsigned db;
    enum redis_space *space; /* if db is not 0; NULL: SPACE_APART. The links write it. */
    bool tls;
    char prefix[REDIS_PREFIX_MAX]; /* of keys and internal channels, such as "bridge:" */
    uint64_t history_length;       /* newest entries kept in each channel's log, at least */
    uint64_t history_ttl_ms;       /* how long a log is kept after its newest entry */
    size_t max_payload;            /* bytes */
    uint64_t deadline_ms;          /* timeout for connecting, and for each command */
};

/*
 * Parse redis://, rediss:// or unix:// with user and password (percent-encoded) and db into the fields from `host` to
 * `tls`. NULL: it is valid; else what is wrong with it (static text), and those fields may be partly set.
 */
MUST_CHECK const char *redis_config_parse_url(struct redis_config *config, const char *url);

#endif
