/*
 * names.h - the names of our keys and channels in Redis; all of them begin with the config's prefix.
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

#define NAMES_MAX (REDIS_PREFIX_MAX + 16 + NAMES_TOKEN_MAX)         /* any of these except live names */
#define NAMES_LIVE_MAX (REDIS_PREFIX_MAX + 8 + 2 * CHANNEL_LEN_MAX) /* the live name of a channel or a pattern */

/* Does the name begin with our prefix? Clients and backends may not use such a channel. */
bool names_is_internal(const struct redis_config *config, struct bytes name);

/* Is this plain message a keyspace notification about one of our own keys? Recording it would write such a key, and cause
 * the next one. (Redis documentation, "Redis keyspace notifications": __keyspace@<db>__:<key>, __keyevent@<db>__:<event>) */
bool names_is_own_event(const struct redis_config *config, struct bytes channel, struct bytes payload);
/* May a channel that this glob matches be that of a keyspace notification? */
bool names_may_be_events(const char *glob);

/* Channel: the messages of control.h. */
struct bytes names_control(const struct redis_config *config, char out[static NAMES_MAX]);
/* Channel: the beats of one worker. */
struct bytes names_beat(const struct redis_config *config, const char *worker, char out[static NAMES_MAX]);
/* Channel: one recorder node's own; a node that is not subscribed to it counts as gone. */
struct bytes names_node(const struct redis_config *config, const char *node, char out[static NAMES_MAX]);
/* Channel: nothing is published there; who subscribes to control and knows what a marker is subscribes to it, too, first. */
struct bytes names_markers(const struct redis_config *config, char out[static NAMES_MAX]);
/* Channel: nothing is published there; those nodes subscribe to it that have every message that is not recorded yet. */
struct bytes names_synced(const struct redis_config *config, char out[static NAMES_MAX]);
/* Channel or pattern: where the entries of a channel (or of all channels that match a pattern) are announced. */
struct bytes names_live(const struct redis_config *config, struct bytes name, char out[static NAMES_LIVE_MAX]);
/* The inverse: the channel or pattern of this live name, pointing into `live`. false: it is not a live name. */
MUST_CHECK bool names_live_of(const struct redis_config *config, struct bytes live, struct bytes *name);

/* Key: the newest position. Each of our function calls declares it as KEYS[1]. */
struct bytes names_position(const struct redis_config *config, char out[static NAMES_MAX]);
/* Key: the stream that backends add messages to. */
struct bytes names_inbox(const struct redis_config *config, char out[static NAMES_MAX]);

#endif
