/*
 * stream.h - what an SSE stream and a WebSocket have in common: writing, heartbeats, stalls, the end.
 *
 *                 stream_write (bytes are buffered)
 *     ┌──────┐ ───────────────────────────────────► ┌──────┐
 *     │ OPEN │                                      │ FULL │
 *     └──────┘ ◄─────────────────────────────────── └──────┘
 *        │       stream_on_writable (all are sent)     │
 *        │                                             │
 *        └──── stream_end ────► ENDING ◄── stream_end ─┘      then http closes it: stream_close
 *        └──── stream_kill ───► DEAD   ◄── stream_kill ┘
 *
 *     OPEN     the kernel took everything; the broker may write at any time
 *     FULL     the remaining bytes are buffered until the kernel takes them; the broker does not write meanwhile
 *     ENDING   the farewell is written or buffered; the session has ended; http closes the connection once all is sent
 *     DEAD     a write failed, memory ran out, or it stalled; http closes it in the next turn; writes do nothing
 *
 * Promise   A delivery is one send(). If the kernel takes all of it, nothing else is done: no epoll_ctl, no allocation,
 *           no timer.
 * Owns      its session.    Lives  until stream_close(), which its owner calls in on_closed.
 */
#ifndef SERVE_STREAM_H
#define SERVE_STREAM_H

#include "access/problem.h"
#include "base/check.h"
#include "broker/sink.h"
#include "http/connection.h"
#include "http/wheel.h"
#include "serve/ending.h"
#include "session.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;
struct stream;
struct server;

enum stream_state { STREAM_OPEN, STREAM_FULL, STREAM_ENDING, STREAM_DEAD };

struct stream_kind {
    const char *name;    /* "sse", "ws" */
    bool has_close_code; /* its protocol ends with a code and a reason */
    /* Write the last block or frame, if there is one. Not called in DEAD. */
    void (*farewell)(struct stream *stream, enum ending why);
    /* In OPEN: send a heartbeat if one is due; returns when to look again (ms). It may end or kill the stream. */
    uint64_t (*look)(struct stream *stream);
    /* This instance is shutting down: end the stream, at once or when its last answers have come. */
    void (*drain)(struct stream *stream);
};

struct stream {
    struct connection connection; /* first; a delivery needs it and the next two fields: 64 bytes */
    struct server *server;
    uint64_t output_ms;  /* when something was last written */
    uint8_t state;       /* enum stream_state */
    bool is_slow;        /* at the last look: more was acknowledged than before, but not all */
    uint32_t taken;      /* at the last look: bytes that the peer had acknowledged, modulo 2^32 */
    uint64_t untaken_ms; /* OPEN, FULL: since when no outstanding byte is acknowledged; 0: none is outstanding */
    uint64_t ending_ms;  /* ENDING: since when */
    uint64_t ends_ms;    /* when it reaches its maximum age; 0: never */
    struct wheel_item item;
    const struct stream_kind *kind;
    struct session session;
};

_Static_assert(offsetof(struct stream, output_ms) + sizeof(uint64_t) <= 64, "the broker prefetches 64 bytes of it");

/* Its connection is open. It counts towards max_connections from here to stream_close(). */
void stream_open(struct stream *stream, const struct stream_kind *kind, struct server *server);
/* The socket is closed: end the session, leave the wheel. The caller frees the memory. */
void stream_close(struct stream *stream);

/* May another stream be opened? If not, that is logged, at most once a minute. */
bool stream_has_room(struct server *server);

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* Write whole blocks or frames, in OPEN or FULL; in other states it does nothing. For the broker: sink_ops.write. */
enum sink_result stream_write(void *stream, char *bytes, size_t len);

/* An empty buffer for a small block or frame, shared by all streams: fill it and call stream_send() at once. */
struct buffer *stream_scratch(struct stream *stream);
enum sink_result stream_send(struct stream *stream);

/* For connection_ops: what was buffered is sent, so the broker may write again. */
void stream_on_writable(struct connection *connection);

/* --- ending ------------------------------------------------------------------------------------------------------- */

/* End it in order: farewell, then close. If its protocol has close codes, the browser gets the one of `problem`, with
 * `reason`: at most 123 bytes, borrowed until stream_close(); NULL: the problem's sentence. Not from within a sink's
 * callback. A second call does nothing. */
void stream_end(struct stream *stream, enum ending why, const struct problem *problem, const char *reason);
/* Disconnect it without a farewell. May be called from anywhere. */
void stream_kill(struct stream *stream, enum ending why);
/* This instance is shutting down: call `drain` of every stream. */
void stream_drain_all(struct server *server);

/* --- time --------------------------------------------------------------------------------------------------------- */

/* After this much silence it gets a heartbeat: the setting, or up to an eighth less, fixed for each stream. */
uint64_t stream_heartbeat_ms(const struct stream *stream);

/* For server.tick: look at the streams that are due. */
void stream_tick(void *server);

#endif
