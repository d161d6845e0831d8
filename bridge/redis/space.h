/*
 * space.h - asks Redis whether this fleet may keep its channels apart from those of other databases.
 *
 * Story     Keys belong to one database of a Redis, channels and functions to all of them. So in another database than 0
 *           a fleet's channels are in a *space* of their own: `bridge:@1:live:…` in database 1 (names.h). The previous
 *           release knows no spaces: while one of its bridges runs, this one shares the space of database 0 with it,
 *           until all bridges of the fleet have been stopped once. The library's function `apart` decides, when a
 *           process connects for the first time; the process keeps to that.
 * Promise   In database 0 nothing is asked.
 */
#ifndef REDIS_SPACE_H
#define REDIS_SPACE_H

#include "base/check.h"
#include "redis/config.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>

/* Has this process still to ask? */
bool space_is_unknown(const struct redis_config *config);
/* The answer of `apart`. NULL: it is known now; else the error. */
MUST_CHECK const char *space_hear(const struct redis_config *config, const redisReply *reply);

#endif
