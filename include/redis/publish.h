/*
 * publish.h - a caller's ways to publish.
 */
#ifndef REDIS_PUBLISH_H
#define REDIS_PUBLISH_H

#include "base/bytes.h"
#include "redis/reply.h"

struct caller;

struct message;

/* The durable way: log, live, and the plain channel. With a key, a repeat answers the first position. */
void caller_publish(struct caller *caller, const struct message *message, caller_position_fn fn, void *arg,
                    uint64_t ticket);

/* PUBLISH and nothing else, for channels without history; the position is 0-0. */
void caller_publish_plain(struct caller *caller, struct bytes channel, struct bytes payload, caller_position_fn fn,
                          void *arg, uint64_t ticket);

#endif
