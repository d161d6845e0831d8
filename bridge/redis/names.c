/*
 * names.c - builds names: the prefix, a fixed word, and sometimes a channel, pattern, worker or node.
 */
#include "redis/names.h"

#include <stdio.h>
#include <string.h>

#define LIVE "live:"

bool names_is_internal(const struct redis_config *config, struct bytes name)
{
    return bytes_begins(name, config->prefix);
}

#define KEYSPACE "__keyspace@"
#define KEYEVENT "__keyevent@"

bool names_is_own_event(const struct redis_config *config, struct bytes channel, struct bytes payload)
{
    struct bytes database, key;
    if (bytes_begins(channel, KEYEVENT))
        return names_is_internal(config, payload);
    return bytes_begins(channel, KEYSPACE) && bytes_split(channel, ':', &database, &key) &&
           names_is_internal(config, key);
}

bool names_may_be_events(const char *glob)
{
    size_t literal = strcspn(glob, "*?[\\");
    size_t len = literal < sizeof KEYSPACE - 1 ? literal : sizeof KEYSPACE - 1;
    return strncmp(glob, KEYSPACE, len) == 0 || strncmp(glob, KEYEVENT, len) == 0;
}

static struct bytes names_join(const struct redis_config *config, const char *word, const char *rest,
                               char out[static NAMES_MAX])
{
    int len = snprintf(out, NAMES_MAX, "%s%s%s", config->prefix, word, rest);
    CHECK(len > 0 && len < NAMES_MAX);
    return (struct bytes){out, (size_t)len};
}

struct bytes names_control(const struct redis_config *config, char out[static NAMES_MAX])
{
    return names_join(config, "control", "", out);
}

struct bytes names_beat(const struct redis_config *config, const char *worker, char out[static NAMES_MAX])
{
    return names_join(config, "beat:", worker, out);
}

struct bytes names_node(const struct redis_config *config, const char *node, char out[static NAMES_MAX])
{
    return names_join(config, "node:", node, out);
}

struct bytes names_markers(const struct redis_config *config, char out[static NAMES_MAX])
{
    return names_join(config, "markers", "", out);
}

struct bytes names_synced(const struct redis_config *config, char out[static NAMES_MAX])
{
    return names_join(config, "synced", "", out);
}

struct bytes names_position(const struct redis_config *config, char out[static NAMES_MAX])
{
    return names_join(config, "position", "", out);
}

struct bytes names_inbox(const struct redis_config *config, char out[static NAMES_MAX])
{
    return names_join(config, "inbox", "", out);
}

struct bytes names_live(const struct redis_config *config, struct bytes name, char out[static NAMES_LIVE_MAX])
{
    size_t before = strlen(config->prefix) + strlen(LIVE);
    CHECK(before + name.len < NAMES_LIVE_MAX);
    snprintf(out, NAMES_LIVE_MAX, "%s%s", config->prefix, LIVE);
    if (name.len)
        memcpy(out + before, name.data, name.len);
    out[before + name.len] = '\0';
    return (struct bytes){out, before + name.len};
}

bool names_live_of(const struct redis_config *config, struct bytes live, struct bytes *name)
{
    if (!bytes_take(&live, config->prefix) || !bytes_take(&live, LIVE) || live.len == 0)
        return false;
    *name = live;
    return true;
}
