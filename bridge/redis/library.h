/*
 * library.h - the Lua libraries: their source for FUNCTION LOAD, and the names of their functions.
 *
 * Story     All libraries of a Redis share one namespace for functions. So that two releases can run side by side in a
 *           rolling deploy, there are two libraries: `bridge` has the one function that backends call, and
 *           `bridge_<version>` those that this release calls. Another BRIDGE_PREFIX gives other names. So does another
 *           database than 0, as a function can't know in which one it runs: `bridge_<version>_db1`. The function for
 *           backends looks into the key `database`.
 */
#ifndef REDIS_LIBRARY_H
#define REDIS_LIBRARY_H

#include "base/buffer.h"
#include "redis/config.h"

#define LIBRARY_VERSION "v2"
#define LIBRARY_VERSION_MAX 16 /* with the database's number */
#define LIBRARY_NAME_MAX (REDIS_PREFIX_MAX + 32)

/* Append the source of one of the two libraries, with this config's settings in its head. */
void library_text(const struct redis_config *config, bool is_public, struct buffer *out);

/* Write the name of the function that backends call to `out`, and return it. */
const char *library_public_function(const struct redis_config *config, char out[static LIBRARY_NAME_MAX]);
/* Write the full name of an internal function ("read" -> "bridge_v2_read") to `out`, and return it. */
const char *library_function(const struct redis_config *config, const char *function,
                             char out[static LIBRARY_NAME_MAX]);

#endif
