/*
 * publish.h - POST /publish, and what publishing has in common wherever it comes from.
 */
#ifndef SERVE_PUBLISH_H
#define SERVE_PUBLISH_H

#include "base/buffer.h"
#include "base/check.h"
#include "broker/publish.h"
#include "pending.h"
#include "words/glob.h"
#include "words/position.h"

struct request;
struct transport;

/* What became of it. */
struct publication {
    enum answer answer;
    struct position position; /* 0-0: ephemeral */
    const char *text;         /* ANSWER_REFUSED: why */
};

/* Who asked for it, while it is pending. */
struct publisher {
    /* `owner` is still there; the pending goes afterwards. */
    void (*on_published)(void *owner, const struct pending *pending, const struct publication *result);
    struct pending_list pendings;
    void *owner;
};

/* Hand it to the broker; on_published follows, unless the publisher's pendings are dropped before. false: no memory. */
MUST_CHECK bool publish_start(struct transport *transport, struct publisher *publisher, const struct message *message,
                              const struct pending_note *note);

/* NULL where a publisher's event name is good (or absent), else why not. */
const char *publish_event_error(struct bytes event);

/* The id as JSON: a string, or null where it has none. */
void publish_id_append(struct buffer *out, struct position position);

/* `arg` is the transport. */
void publish_open(void *arg, struct request *request);

#endif
