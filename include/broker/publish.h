/*
 * publish.h - sends a message from a browser or a backend to Redis.
 */
#ifndef BROKER_PUBLISH_H
#define BROKER_PUBLISH_H

#include "broker/answer.h"
#include "words/message.h"
#include "words/position.h"

#include <stdint.h>

struct broker;

/* Called once, from the loop, never from within broker_publish(). `ticket` is the caller's own number, to look up the
 * client that published: it may have disconnected. Position 0-0: the channel has no history. */
typedef void (*publish_fn)(void *arg, uint64_t ticket, enum answer answer, struct position position);

/* The message is borrowed for the call. */
void broker_publish(struct broker *broker, const struct message *message, publish_fn fn, void *arg, uint64_t ticket);
/* The number of publishes that have not been answered yet. */
unsigned broker_publishing(const struct broker *broker);

#endif
