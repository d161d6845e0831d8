/*
 * library.c - writes the head of a library in front of its source, which the build joins from lua/.
 */
#include "library.h"

#include "redis/names.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

extern const char library_lua[];
extern const size_t library_lua_len;

/* Turn the prefix into a library name: "bridge:" -> "bridge", "my-app:" -> "my_app". */
static void library_name(const struct redis_config *config, char out[static REDIS_PREFIX_MAX])
{
    size_t len = strlen(config->prefix);
    while (len > 1 && !isalnum((unsigned char)config->prefix[len - 1]))
        len--;
    for (size_t i = 0; i < len; i++)
        out[i] = isalnum((unsigned char)config->prefix[i]) ? config->prefix[i] : '_';
    out[len] = '\0';
}

/* "v2", or "v2_db1" if this fleet's channels are in the space of database 1. */
static const char *library_version(const struct redis_config *config, char out[static LIBRARY_VERSION_MAX])
{
    char space[NAMES_SPACE_MAX];
    if (*names_space(config, space))
        snprintf(out, LIBRARY_VERSION_MAX, LIBRARY_VERSION "_db%u", config->db);
    else
        snprintf(out, LIBRARY_VERSION_MAX, LIBRARY_VERSION);
    return out;
}

void library_text(const struct redis_config *config, bool is_public, struct buffer *out)
{
    char name[REDIS_PREFIX_MAX], version[LIBRARY_VERSION_MAX] = "", space[NAMES_SPACE_MAX] = "";
    library_name(config, name);
    if (!is_public) {
        library_version(config, version);
        names_space(config, space);
    }
    buffer_printf(out, "#!lua name=%s%s%s\n", name, is_public ? "" : "_", version);
    buffer_printf(out, "local NAME, VERSION, PREFIX, SPACE = '%s', '%s', '%s', '%s'\n", name, version, config->prefix,
                  space);
    buffer_printf(out, "local LENGTH, TTL, MAX_PAYLOAD = %" PRIu64 ", %" PRIu64 ", %zu\n", config->history_length,
                  config->history_ttl_ms, config->max_payload);
    buffer_append(out, library_lua, library_lua_len);
}

const char *library_public_function(const struct redis_config *config, char out[static LIBRARY_NAME_MAX])
{
    char name[REDIS_PREFIX_MAX];
    library_name(config, name);
    snprintf(out, LIBRARY_NAME_MAX, "%s_publish", name);
    return out;
}

const char *library_function(const struct redis_config *config, const char *function, char out[static LIBRARY_NAME_MAX])
{
    char name[REDIS_PREFIX_MAX], version[LIBRARY_VERSION_MAX];
    library_name(config, name);
    snprintf(out, LIBRARY_NAME_MAX, "%s_%s_%s", name, library_version(config, version), function);
    return out;
}
