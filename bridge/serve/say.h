/*
 * say.h - writes the frames that the server sends in bridge.v1.json: each call appends one to the output.
 */
#ifndef SERVE_SAY_H
#define SERVE_SAY_H

#include "access/problem.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "words/cursor.h"
#include "words/position.h"

#include <stdint.h>

struct hello {
    const struct cursor *cursor; /* NULL: the client listens to nothing yet */
    uint64_t heartbeat_ms;
    size_t max_payload;
    const char *connection; /* its id, as in the log */
};

void say_hello(struct buffer *out, const struct hello *hello);
void say_cursor(struct buffer *out, const struct cursor *cursor);

/* `ref` is a piece of JSON that the client sent, and that the answer repeats; empty if it sent none. */
void say_subscribed(struct buffer *out, struct bytes channel, const struct cursor *cursor, struct bytes ref);
void say_unsubscribed(struct buffer *out, struct bytes channel, struct bytes ref);
/* Position 0-0: the channel is ephemeral, and the id is null. */
void say_ack(struct buffer *out, struct position position, struct bytes ref);
void say_error(struct buffer *out, struct refusal refusal, struct bytes ref);

/* A ping for the script, which may answer it with {"type":"pong"}. */
void say_ping(struct buffer *out);
/* A protocol ping, which the browser answers by itself (RFC 6455, 5.5.2). */
void say_protocol_ping(struct buffer *out);

#endif
