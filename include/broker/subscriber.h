/*
 * subscriber.h - one browser listening: a cursor over a set of feeds (a feed: one channel, or a pattern of channels).
 *
 * Story     A subscriber is given every entry after its cursor, in the order of each shard, each entry at most once,
 *           through its sink: from the tails in memory if they reach back far enough, else from pages of the log. There
 *           is no queue per subscriber; while the socket is full, the cursor just stays where it is.
 *
 *           serve                          broker                          Redis
 *           subscriber_new ───────────────► cursor
 *           subscriber_add "chat:lobby" ──► feed ── subscribe, then read ──► live, log
 *           sink.cursor    ◄─────────────── the starting point is known
 *           sink.subscribed◄─────────────── the feed has caught up
 *           sink.write     ◄─────────────── all that a loop turn brought, in one write
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

/* A subscriber without feeds; its sink is borrowed until subscriber_free(). `format` is passed to config.encode.
 * NULL: no memory. */
MUST_CHECK struct subscriber *subscriber_new(struct broker *broker, const struct sink_ops *ops, void *sink,
                                             unsigned format);

enum add_result { ADD_OK, ADD_ALREADY, ADD_NO_MEMORY };

/*
 * Listen to one more channel or pattern; name and start are borrowed for the call. Feeds added with the same start,
 * before the starting point is known, share it and one cursor. Any other feed first catches up from its own start to
 * the cursor of the others. `tag` is passed to sink.subscribed.
 */
enum add_result subscriber_add(struct subscriber *s, struct bytes name, const struct start *start, uint64_t tag);
/* Stop listening to a channel or pattern. false: it was not listening to it. */
bool subscriber_remove(struct subscriber *s, struct bytes name);
/* The number of channels and patterns that it listens to. */
unsigned subscriber_feeds(const struct subscriber *s);

/* The client is about to publish: where it listens from now on, it is to hear that, even if it has not been told yet where it
 * starts. */
void subscriber_expect(struct subscriber *s);

/* The socket has drained: the sink may be called again at the end of this turn. */
void subscriber_writable(struct subscriber *s);

/* The cursor to send with a heartbeat: everything asked for up to here has been given. false: not known yet. */
bool subscriber_cursor(struct subscriber *s, struct cursor *out);

/* Leave all feeds and free it; the sink is not called again. Not from within a sink callback. NULL is fine. */
void subscriber_free(struct subscriber *s);

#endif
