/*
 * library.h - the Lua functions, as text for FUNCTION LOAD and by name.
 *
 * Story     Function names are one space over all libraries of a Redis, so there are two libraries: `bridge`, with the
 *           one function that backends call, and `bridge_<version>`, with those that this release calls, so that two
 *           releases can run side by side during a rolling deploy. Another BRIDGE_PREFIX gives other names.
 */
#ifndef REDIS_LIBRARY_H
#define REDIS_LIBRARY_H

#include "base/buffer.h"
#include "redis/config.h"

#define LIBRARY_VERSION "v1"
#define LIBRARY_NAME_MAX (REDIS_PREFIX_MAX + 32)

/* Append the text of one of the two libraries, with this config's settings in its head. */
void library_text(const struct redis_config *config, bool is_public, struct buffer *out);

/* The full name of an internal function ("read" -> "bridge_v1_read"). */
const char *library_function(const struct redis_config *config, const char *function,
                             char out[static LIBRARY_NAME_MAX]);

#endif
