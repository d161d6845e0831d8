/*
 * stream.h - what an SSE stream and a WebSocket have in common: entries go out, for as long as it lasts.
 *
 *                 stream_write (a rest is held)
 *     ┌──────┐ ───────────────────────────────────► ┌──────┐
 *     │ OPEN │                                      │ FULL │
 *     └──────┘ ◄─────────────────────────────────── └──────┘
 *        │       stream_on_writable (all is out)       │
 *        │                                             │
 *        └──── stream_end ────► ENDING ◄── stream_end ─┘      then http closes it: stream_close frees
 *        └──── stream_kill ───► DEAD   ◄── stream_kill ┘
 *
 *     OPEN     the socket took everything; the broker may call at any time
 *     FULL     a rest is held until the socket takes it; the broker has been told and keeps quiet
 *     ENDING   last words are written or held; it listens to nothing any more; closes once everything is out
 *     DEAD     a write failed, or it took too long; http closes it in its next turn; the broker's calls change nothing
 *
 * Promise   A delivery is one send, and where the socket takes it nothing else: no epoll_ctl, no allocation, no timer.
 * Owns      its session.    Lives  until stream_close(), when its connection says that it is closed.
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
    bool has_close_code; /* its protocol says at the end why it ends */
    /* Say what there is to say before the end. Not called in DEAD. */
    void (*farewell)(struct stream *stream, enum ending why);
    /* It is OPEN: send the sign of life that is due, and answer when to look again. It may end or kill the stream. */
    uint64_t (*look)(struct stream *stream);
    /* This instance goes: end it, at once or when its last answers are there. */
    void (*drain)(struct stream *stream);
};

struct stream {
    struct connection connection; /* first; with the next two it is what a delivery needs: 64 bytes */
    struct server *server;
    uint64_t output_ms;  /* when something was last written */
    uint8_t state;       /* enum stream_state */
    bool is_slow;        /* when last looked, it had taken something, and not all */
    uint32_t taken;      /* by the browser's system, when last looked: the low bits of a count of bytes */
    uint64_t untaken_ms; /* OPEN, FULL: since when nothing is taken, though something is there; 0: all is taken */
    uint64_t ending_ms;  /* ENDING: since when */
    uint64_t ends_ms;    /* its age limit; 0: none */
    struct wheel_item item;
    const struct stream_kind *kind;
    struct session session;
};

_Static_assert(offsetof(struct stream, output_ms) + sizeof(uint64_t) <= 64, "what the broker has fetched ahead");

/* Its connection is open. It counts against max_connections from here to stream_close(). */
void stream_open(struct stream *stream, const struct stream_kind *kind, struct server *server);
/* The socket is gone: leave the broker and the wheel. The memory stays with the caller. */
void stream_close(struct stream *stream);

/* May another stream begin? If not, that is logged, once a minute at most. */
bool stream_has_room(struct server *server);

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* Whole blocks or frames, in OPEN or FULL; else nothing happens. For the broker: sink_ops.write. */
enum sink_result stream_write(void *stream, char *bytes, size_t len);

/* An empty buffer for something small, which stream_send() then writes, before anything else uses it. */
struct buffer *stream_scratch(struct stream *stream);
enum sink_result stream_send(struct stream *stream);

/* The socket takes more. */
void stream_on_writable(struct connection *connection);

/* --- ending ------------------------------------------------------------------------------------------------------- */

/* End it in order. If its protocol has close codes, the browser gets the one of `problem`, with `reason`: at most 123 bytes,
 * alive until stream_close(). Not from within a sink's callback. A second call does nothing. */
void stream_end(struct stream *stream, enum ending why, const struct problem *problem, const char *reason);
/* End it without another word. From anywhere. */
void stream_kill(struct stream *stream, enum ending why);
/* This instance goes. */
void stream_drain_all(struct server *server);

/* --- time --------------------------------------------------------------------------------------------------------- */

/* How long silence may last before a sign of life; a little less for some than for others. */
uint64_t stream_heartbeat_ms(const struct stream *stream);

/* Time goes by: look at those whose moment has come. */
void stream_tick(void *server);

#endif
