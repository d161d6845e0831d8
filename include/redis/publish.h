/*
 * publish.h - calls that publish a message.
 */
#ifndef REDIS_PUBLISH_H
#define REDIS_PUBLISH_H

#include "base/bytes.h"
#include "redis/reply.h"

struct caller;

struct message;

/* Publish with history: append to the log, announce on live, and PUBLISH on the plain channel. If the message has a
 * key, a repeat within two minutes publishes nothing, and returns the position of the first. */
void caller_publish(struct caller *caller, const struct message *message, caller_position_fn fn, void *arg,
                    uint64_t ticket);

/* PUBLISH only, for channels without history; the position is 0-0. */
void caller_publish_plain(struct caller *caller, struct bytes channel, struct bytes payload, caller_position_fn fn,
                          void *arg, uint64_t ticket);

#endif
