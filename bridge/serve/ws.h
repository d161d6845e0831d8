/*
 * ws.h - one WebSocket: a stream with a way back.
 *
 * Story     ws.c keeps the connection: whole messages out of pieces, signs of life, the close. frame.c reads what a
 *           client says in bridge.v1.json, and uses the verbs below.
 */
#ifndef SERVE_WS_H
#define SERVE_WS_H

#include "access/problem.h"
#include "base/buffer.h"
#include "base/check.h"
#include "publish.h"
#include "stream.h"
#include "words/glob.h"

#include <stdbool.h>
#include <stdint.h>

struct ws {
    struct stream stream; /* first */
    struct publisher publisher;
    struct buffer message; /* what has come of a message that comes in pieces */
    char *raw_channel;     /* bridge.v1.raw: the one channel; else NULL */
    const char *close_reason;
    uint64_t heard_ms;      /* when anything was last heard, a protocol's pong included */
    uint64_t pinged_ms;     /* when it was last asked for a sign of life */
    uint64_t ponged_ms;     /* when its script last said something, once it said pong; 0: it never did */
    unsigned pending_count; /* answers that are owed to it; of these, publishes: */
    unsigned publishing;
    unsigned short close_code, bad_frames;
    bool is_raw, is_hello_said, is_paused;
};

/* --- birth and end ------------------------------------------------------------------------------------------------ */

struct request;

/* The handshake is done. */
void ws_open(struct transport *transport, struct request *request);
/* The server goes: answers on their way are waited for. */
void ws_drain(struct stream *stream);
bool stream_is_ws(const struct stream *stream);

/* --- verbs for frame.c -------------------------------------------------------------------------------------------- */

/* A piece of JSON that a client sent as `ref`, to be given back; "" where it sent none. */
struct ref {
    const char *text;
    size_t len;
};

/* {"type":"error",…} */
void ws_say_error(struct ws *ws, struct ref ref, const char *code, const char *message);
/* An error for what is no frame at all; too many of them end the connection. */
void ws_say_bad_frame(struct ws *ws, struct ref ref, const char *message);
void ws_subscribe(struct ws *ws, struct ref ref, struct bytes channel, const struct start *start);
void ws_unsubscribe(struct ws *ws, struct ref ref, struct bytes channel);

struct ws_publication {
    struct bytes channel, payload, event, key;
};
void ws_publish(struct ws *ws, struct ref ref, const struct ws_publication *what);
/* End the connection. Once it is ending, whatever it says is ignored. */
void ws_end(struct ws *ws, enum ws_close code, const char *reason);

#endif
