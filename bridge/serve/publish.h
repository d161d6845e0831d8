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

struct connection;
struct lws;
struct request;
struct transport;

/* What became of it: for connection_ops.on_published. */
struct publication {
    enum answer answer;
    struct position position; /* 0-0: ephemeral */
    const char *text;         /* ANSWER_REFUSED: why */
};

/* Hand it to the broker; on_published follows, if the connection lives to see it. false: no memory. */
MUST_CHECK bool publish_start(struct transport *transport, struct connection *connection, const struct message *message,
                              const struct pending_note *note);

/* NULL where a publisher's event name is good (or absent), else why not. */
const char *publish_event_error(struct bytes event);

/* The id as JSON: a string, or null where it has none. */
void publish_id_append(struct buffer *out, struct position position);

int publish_open(struct transport *transport, struct lws *wsi, const struct request *request);

#endif
