/*
 * names.h - the names of our keys and channels in Redis; all of them begin with the config's prefix.
 *
 * Channels are the same in all databases of a Redis. So outside of database 0 there is a *space* behind the prefix, such
 * as `@1:`, unless the process has to share that of database 0 (space.h). Names of channels are final once a link is up.
 *
 * The Lua library builds the names of the other keys (lua/common.lua lists them all).
 *
 * Promise   Each function writes a NUL-terminated name to `out`, and returns it.
 */
#ifndef REDIS_NAMES_H
#define REDIS_NAMES_H

#include "base/bytes.h"
#include "base/check.h"
#include "redis/config.h"
#include "words/glob.h"

#include <stdbool.h>
#include <stddef.h>

#define NAMES_TOKEN_MAX 24 /* a random name of a worker or a node, including its NUL */

#define NAMES_SPACE_MAX 8 /* "@65535:" and a NUL */

#define NAMES_MAX (REDIS_PREFIX_MAX + NAMES_SPACE_MAX + 16 + NAMES_TOKEN_MAX) /* any of these except live names */
/* The live name of a channel or a pattern. */
#define NAMES_LIVE_MAX (REDIS_PREFIX_MAX + NAMES_SPACE_MAX + 8 + 2 * CHANNEL_LEN_MAX)

/* Does the name begin with our prefix? Clients and backends may not use such a channel. */
bool names_is_internal(const struct redis_config *config, struct bytes name);

/* Does it share the space of database 0, although it is in another one? */
bool names_is_shared(const struct redis_config *config);
/* What follows the prefix in the names of channels: "", or the space. */
const char *names_space(const struct redis_config *config, char out[static NAMES_SPACE_MAX]);

/* Channel: the messages of control.h. */
struct bytes names_control(const struct redis_config *config, char out[static NAMES_MAX]);
/* Channel: the beats of one worker. */
struct bytes names_beat(const struct redis_config *config, const char *worker, char out[static NAMES_MAX]);
/* Channel: one recorder node's own; a node that is not subscribed to it counts as gone. */
struct bytes names_node(const struct redis_config *config, const char *node, char out[static NAMES_MAX]);
/* Channel: nothing is published there; those nodes subscribe to it that have every message that is not recorded yet. */
struct bytes names_synced(const struct redis_config *config, char out[static NAMES_MAX]);
/* Channel or pattern: where the entries of a channel (or of all channels that match a pattern) are announced. */
struct bytes names_live(const struct redis_config *config, struct bytes name, char out[static NAMES_LIVE_MAX]);
/* The inverse: the channel or pattern of this live name, pointing into `live`. false: it is not a live name. */
MUST_CHECK bool names_live_of(const struct redis_config *config, struct bytes live, struct bytes *name);

/* Channels that a process in the space of database 0 subscribes to, before it does to control: lua/space.lua counts those
 * who are subscribed. Nothing is said there. `sharing`: the second one, if names_is_shared(). */
struct bytes names_aware(const struct redis_config *config, bool sharing, char out[static NAMES_MAX]);
/* Patterns: where the entries of fleets with our prefix are announced, in the space of database 0 and in the others. */
struct bytes names_all_live(const struct redis_config *config, bool has_space, char out[static NAMES_MAX]);
/* The inverse of names_live() for any of these fleets. */
MUST_CHECK bool names_any_live_of(const struct redis_config *config, struct bytes live, struct bytes *name);

/* Key: the newest position. Each of our function calls declares it as KEYS[1]. */
struct bytes names_position(const struct redis_config *config, char out[static NAMES_MAX]);
/* Key: the stream that backends add messages to. */
struct bytes names_inbox(const struct redis_config *config, char out[static NAMES_MAX]);

#endif
