/*
 * redis.h - the whole door of the Redis room at once.
 */
#ifndef REDIS_REDIS_H
#define REDIS_REDIS_H

#include "redis/beat.h"
#include "redis/caller.h"
#include "redis/config.h"
#include "redis/control.h"
#include "redis/inbox.h"
#include "redis/listener.h"
#include "redis/live.h"
#include "redis/names.h"
#include "redis/page.h"
#include "redis/publish.h"
#include "redis/seat.h"

#endif
