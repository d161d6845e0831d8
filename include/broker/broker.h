/*
 * broker.h - the door of the broker, one per worker: who listens to what, and what each has been given.
 *
 *   subscriber.h  one browser listening       sink.h   how it is given entries      start.h  where it begins
 *   publish.h     messages to Redis           history.h  entries, once
 *
 * Speaks    of Redis only through positions, cursors and entries; no sockets.
 */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "base/check.h"
#include "broker/config.h"
#include "broker/status.h"

struct broker;
struct loop;

/* Connects in the background; NULL: no memory. */
MUST_CHECK struct broker *broker_new(struct loop *loop, const struct broker_config *config);
/* All subscribers must be gone. Answers to publishes and histories still owed are dropped. */
void broker_free(struct broker *broker);

void broker_status(const struct broker *broker, struct broker_status *out);

#endif
