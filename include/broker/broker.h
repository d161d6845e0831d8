/*
 * broker.h - the broker, one per worker: which browser listens to what, and what each has been given.
 *
 *   subscriber.h  one browser listening       sink.h   how it is given entries      start.h  where it starts
 *   publish.h     messages to Redis           history.h  entries of a single request
 *
 * Promise   The interface shows of Redis only positions, cursors and entries, and no sockets.
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "base/check.h"
#include "broker/config.h"
#include "broker/status.h"

struct broker;
struct loop;

/* Connects in the background. NULL: no memory. Free it with broker_free(). */
MUST_CHECK struct broker *broker_new(struct loop *loop, const struct broker_config *config);
/* All subscribers must have been freed. The callbacks of pending publishes and history requests are not called. */
void broker_free(struct broker *broker);

void broker_status(const struct broker *broker, struct broker_status *out);

#endif
