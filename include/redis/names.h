/*
 * names.h - how our keys and channels in Redis are called: everything of ours begins with the prefix of the config.
 *
 * The Lua library spells the rest of the keys (lua/common.lua lists them all).
 *
 * Promise   The name comes back, and is in `out`, with a NUL behind it.
 */
#ifndef REDIS_NAMES_H
#define REDIS_NAMES_H

#include "base/bytes.h"
#include "base/check.h"
#include "redis/config.h"
#include "words/glob.h"

#include <stdbool.h>
#include <stddef.h>

#define NAMES_TOKEN_MAX 24 /* a random name of a worker or a node, with its NUL */

#define NAMES_MAX (REDIS_PREFIX_MAX + 16 + NAMES_TOKEN_MAX)         /* any of these but live names */
#define NAMES_LIVE_MAX (REDIS_PREFIX_MAX + 8 + 2 * CHANNEL_LEN_MAX) /* of a channel or a pattern */

/* Is it one of our own channel or key names, which nobody outside may touch? */
bool names_is_internal(const struct redis_config *config, struct bytes name);

/* Channel: the words of control.h. */
struct bytes names_control(const struct redis_config *config, char out[static NAMES_MAX]);
/* Channel: the beats of one worker. */
struct bytes names_beat(const struct redis_config *config, const char *worker, char out[static NAMES_MAX]);
/* Channel: a recorder's node; who is subscribed to it is heard. */
struct bytes names_node(const struct redis_config *config, const char *node, char out[static NAMES_MAX]);
/* Channel or pattern: under which the entries of a channel (or of the channels of a pattern) are announced. */
struct bytes names_live(const struct redis_config *config, struct bytes name, char out[static NAMES_LIVE_MAX]);
/* The other way round: of which channel or pattern is this the live name? false: of none. */
MUST_CHECK bool names_live_of(const struct redis_config *config, struct bytes live, struct bytes *name);

/* Key: the newest position. Every call of a function declares it. */
struct bytes names_position(const struct redis_config *config, char out[static NAMES_MAX]);
/* Key: the stream that others may add to. */
struct bytes names_inbox(const struct redis_config *config, char out[static NAMES_MAX]);

#endif
