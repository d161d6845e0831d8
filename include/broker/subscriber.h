/*
 * subscriber.h - one browser listening: a cursor over a set of feeds (a feed: one channel, or a pattern of channels).
 *
 * Story     Whatever comes after its cursor it is given, in the order of each shard, each entry at most once, through the
 *           sink that it was born with: from the tails in memory where they reach back far enough, else from pages of
 *           the log. There is no queue per subscriber; a full socket just leaves its cursor where it is.
 *
 *           serve                          broker                          Redis
 *           subscriber_new ───────────────► cursor
 *           subscriber_add "chat:lobby" ──► feed ── subscribe, then read ──► live, log
 *           sink.cursor    ◄─────────────── the place to start from is known
 *           sink.subscribed◄─────────────── caught up
 *           sink.write     ◄─────────────── all that a loop turn brought, one write
 *           (SINK_FULL)    ───────────────► left alone until subscriber_writable()
 */
#ifndef BROKER_SUBSCRIBER_H
#define BROKER_SUBSCRIBER_H

#include "base/bytes.h"
#include "base/check.h"
#include "broker/sink.h"
#include "broker/start.h"

#include <stdbool.h>
#include <stdint.h>

struct broker;
struct cursor;
struct subscriber;

/* A subscriber without feeds. `format` is handed to config.encode. NULL: no memory. */
MUST_CHECK struct subscriber *subscriber_new(struct broker *broker, const struct sink_ops *ops, void *sink,
                                             unsigned format);

enum add_result { ADD_OK, ADD_ALREADY, ADD_NO_MEMORY };

/*
 * Listen to a channel or pattern too. Feeds added with the same start before sink.cursor came share it, and one cursor;
 * any other feed first catches up from its own start to the cursor of the others. `tag` comes back in sink.subscribed.
 */
enum add_result subscriber_add(struct subscriber *s, struct bytes name, const struct start *start, uint64_t tag);
/* false: it does not listen to that. */
bool subscriber_remove(struct subscriber *s, struct bytes name);
/* To how many channels and patterns it listens. */
unsigned subscriber_feeds(const struct subscriber *s);

/* The socket drained: the sink may be called at the end of this turn. */
void subscriber_writable(struct subscriber *s);

/* The cursor that a heartbeat may tell: everything asked for up to here has been given. false: none is known yet. */
bool subscriber_cursor(struct subscriber *s, struct cursor *out);

/* Leave all feeds and be gone; the sink is not called again. Not from within a sink callback. NULL is fine. */
void subscriber_free(struct subscriber *s);

#endif
