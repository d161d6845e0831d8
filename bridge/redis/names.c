/*
 * names.c - builds names: the prefix, for a channel also the space, a fixed word, and sometimes a channel, pattern, worker
 * or node.
 */
#include "redis/names.h"

#include <stdio.h>
#include <string.h>

#define LIVE "live:"

bool names_is_internal(const struct redis_config *config, struct bytes name)
{
    return bytes_begins(name, config->prefix);
}

bool names_is_shared(const struct redis_config *config)
{
    return config->db != 0 && config->space && *config->space == SPACE_SHARED;
}

const char *names_space(const struct redis_config *config, char out[static NAMES_SPACE_MAX])
{
    out[0] = '\0';
    if (config->db != 0 && !names_is_shared(config))
        snprintf(out, NAMES_SPACE_MAX, "@%u:", config->db);
    return out;
}

static struct bytes names_join(const struct redis_config *config, const char *space, const char *word, const char *rest,
                               char out[static NAMES_MAX])
{
    int len = snprintf(out, NAMES_MAX, "%s%s%s%s", config->prefix, space, word, rest);
    CHECK(len > 0 && len < NAMES_MAX);
    return (struct bytes){out, (size_t)len};
}

static struct bytes names_channel(const struct redis_config *config, const char *word, const char *rest,
                                  char out[static NAMES_MAX])
{
    char space[NAMES_SPACE_MAX];
    return names_join(config, names_space(config, space), word, rest, out);
}

struct bytes names_control(const struct redis_config *config, char out[static NAMES_MAX])
{
    return names_channel(config, "control", "", out);
}

struct bytes names_beat(const struct redis_config *config, const char *worker, char out[static NAMES_MAX])
{
    return names_channel(config, "beat:", worker, out);
}

struct bytes names_node(const struct redis_config *config, const char *node, char out[static NAMES_MAX])
{
    return names_channel(config, "node:", node, out);
}

struct bytes names_synced(const struct redis_config *config, char out[static NAMES_MAX])
{
    return names_channel(config, "synced", "", out);
}

struct bytes names_position(const struct redis_config *config, char out[static NAMES_MAX])
{
    return names_join(config, "", "position", "", out);
}

struct bytes names_inbox(const struct redis_config *config, char out[static NAMES_MAX])
{
    return names_join(config, "", "inbox", "", out);
}

struct bytes names_live(const struct redis_config *config, struct bytes name, char out[static NAMES_LIVE_MAX])
{
    char space[NAMES_SPACE_MAX];
    size_t before = strlen(config->prefix) + strlen(names_space(config, space)) + strlen(LIVE);
    CHECK(before + name.len < NAMES_LIVE_MAX);
    snprintf(out, NAMES_LIVE_MAX, "%s%s" LIVE, config->prefix, space);
    if (name.len)
        memcpy(out + before, name.data, name.len);
    out[before + name.len] = '\0';
    return (struct bytes){out, before + name.len};
}

bool names_live_of(const struct redis_config *config, struct bytes live, struct bytes *name)
{
    char space[NAMES_SPACE_MAX];
    if (!bytes_take(&live, config->prefix) || !bytes_take(&live, names_space(config, space)) ||
        !bytes_take(&live, LIVE) || live.len == 0)
        return false;
    *name = live;
    return true;
}

struct bytes names_aware(const struct redis_config *config, bool sharing, char out[static NAMES_MAX])
{
    char number[NAMES_SPACE_MAX] = "";
    if (sharing)
        snprintf(number, sizeof number, ":%u", config->db);
    return names_join(config, "", "aware", number, out);
}

struct bytes names_all_live(const struct redis_config *config, bool has_space, char out[static NAMES_MAX])
{
    return names_join(config, has_space ? "@*:" : "", LIVE, "*", out);
}

bool names_any_live_of(const struct redis_config *config, struct bytes live, struct bytes *name)
{
    struct bytes number;
    if (!bytes_take(&live, config->prefix))
        return false;
    if (bytes_take(&live, "@") && (!bytes_split(live, ':', &number, &live) || !bytes_is_digits(number)))
        return false;
    if (!bytes_take(&live, LIVE) || live.len == 0)
        return false;
    *name = live;
    return true;
}
