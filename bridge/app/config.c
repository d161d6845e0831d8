/*
 * config.c - creates, frees and logs a config.
 */
#include "config.h"

#include "redis/config.h"

#include <stdlib.h>
#include <string.h>

struct config *config_new(void)
{
    struct config *config = calloc(1, sizeof *config);
    CHECK(config);
    config->redis = calloc(1, sizeof *config->redis);
    config->redis_space = calloc(1, sizeof *config->redis_space);
    CHECK(config->redis && config->redis_space);
    config->redis->space = config->redis_space;
    return config;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    struct glob_list *lists[] = {&config->subscribe,        &config->publish,   &config->channels,
                                 &config->default_channels, &config->ephemeral, &config->origins};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        glob_list_fini(lists[i]);
    free(config->prefix);
    free(config->host);
    free(config->tls_cert);
    free(config->tls_key);
    free(config->redis_space);
    free(config->redis);
    free(config);
}

void config_log(const struct config *config)
{
    const struct redis_config *redis = config->redis;
    const char *where = *redis->path != '\0' ? redis->path : redis->host;
    log_info("starting", "version=" BRIDGE_VERSION " host=%s port=%u workers=%u records=%s max_connections=%u",
             config->host, (unsigned)config->port, (unsigned)config->workers, config->channels.count > 0 ? "yes" : "no",
             (unsigned)config->max_connections);
    log_info("redis", "at=\"%s\" port=%u db=%u tls=%s prefix=\"%s\"", LOG_TEXT(where, strlen(where)), redis->port,
             redis->db, redis->tls ? "yes" : "no", redis->prefix);
}
