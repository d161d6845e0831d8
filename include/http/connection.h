/*
 * connection.h - a socket in lasting use: by a stream, a WebSocket, or an exchange.
 *
 * Story     It is the first member of a struct of its owner's. Bytes go to the socket as soon as the owner writes them;
 *           what the kernel does not take at once is buffered here and sent automatically, before anything else.
 *
 *     ┌──────┐ ── connection_close ──► ┌─────────┐   all is sent: the protocol's own close
 *     │ OPEN │                         │ CLOSING │ ──────────────────────────────────────► on_closed
 *     └──────┘                         └─────────┘                                             ▲
 *        └─────── connection_kill, connection_reset, from both ──► DEAD ──── the next turn ────┘
 *
 *     If the browser disconnects or the network fails, on_closed comes in any state.
 *
 * Promise   on_closed comes once for each connection that was opened, from the loop, never from within a call below.
 * Owns      the bytes that it buffers.    Borrows  its place in the owner's struct, until on_closed.
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "base/bytes.h"
#include "base/check.h"
#include "http/written.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection;
struct lws;
struct pipe;
struct request;
struct response;

/* A message of a WebSocket, or a part of one. */
struct piece {
    char *bytes;
    size_t len;
    size_t missing; /* bytes of its frame that are still to come */
    bool is_first;  /* the first piece of its message */
    bool is_final;  /* the last piece of its message */
    bool is_binary; /* else it is text, and valid UTF-8 */
};

/* Callbacks. Each but on_closed may be NULL: the event is ignored. */
struct connection_ops {
    void (*on_writable)(struct connection *connection); /* nothing is buffered (any more) */
    void (*on_piece)(struct connection *connection, const struct piece *piece);
    void (*on_pong)(struct connection *connection);
    void (*on_leaving)(struct connection *connection); /* the browser sent a close frame: write no more */
    void (*on_closed)(struct connection *connection);  /* the socket is gone: free it */
};

enum connection_state {
    CONNECTION_OPEN,
    CONNECTION_ANSWERED, /* an exchange whose answer waits for a writable socket */
    CONNECTION_CLOSING,  /* once all is sent, its close is sent */
    CONNECTION_CLOSED,   /* its close is sent; waiting for the browser's */
    CONNECTION_DEAD,     /* libwebsockets closes it in the next turn */
};

/* What a write needs comes first; the owner's struct can add what a delivery needs within the same 64 bytes. */
struct connection {
    const struct pipe *pipe; /* what writes to it */
    struct lws *wsi;         /* NULL: it has no socket (any more) */
    int fd;
    bool is_waiting;           /* libwebsockets waits for a writable socket: bytes may be buffered */
    uint8_t state;             /* enum connection_state */
    unsigned short close_code; /* as passed to connection_close() */
    const char *close_reason;
    const struct connection_ops *ops;
    uint64_t number; /* connection_id() prints it */
};

/* Take over the WebSocket whose request was passed to http_handlers.websocket. */
void connection_open(struct connection *connection, const struct connection_ops *ops, struct request *request);

/* Answer the request with this head (its body is ignored); what is written afterwards is the response's body. false:
 * the head could not be written (the socket failed, or no memory); nothing was opened. */
MUST_CHECK bool connection_open_stream(struct connection *connection, const struct connection_ops *ops,
                                       struct request *request, const struct response *head);

/* The name of the subprotocol that the handshake chose. */
const char *connection_subprotocol(const struct connection *connection);

/* --- its id ------------------------------------------------------------------------------------------------------- */

/* 16 characters [0-9a-f], unique across all workers. For log lines: `connection=%s`. */
#define CONNECTION_ID_MAX 17
const char *connection_id(char out[static CONNECTION_ID_MAX], const struct connection *connection);
#define CONNECTION_ID(connection) connection_id((char[CONNECTION_ID_MAX]){0}, (connection))

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* Write bytes of its protocol: for a WebSocket, whole frames. The BUFFER_HEADROOM bytes before them may be overwritten.
 * In OPEN only. */
enum written connection_write(struct connection *connection, char *bytes, size_t len);

/* Are there buffered bytes? */
bool connection_is_holding(const struct connection *connection);

/* --- progress ----------------------------------------------------------------------------------------------------- */

/* How much the peer has acknowledged. Costs a system call. false: the socket or the kernel does not report it. */
bool connection_progress(const struct connection *connection, struct progress *out);

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* Stop reading from the socket, so that back-pressure makes the peer wait. */
void connection_pause_reading(struct connection *connection);
void connection_resume_reading(struct connection *connection);

/* --- ending ------------------------------------------------------------------------------------------------------- */

/* Once all is sent: send a close frame with this code and reason (at most 123 bytes, borrowed until on_closed), or, if
 * the code is 0, just disconnect. */
void connection_close(struct connection *connection, unsigned code, const char *reason);
/* Disconnect in the next turn, without a close frame. What the kernel has already taken is still sent. */
void connection_kill(struct connection *connection);
/* The same, but what the kernel has taken is dropped (RST): for a browser that reads nothing. */
void connection_reset(struct connection *connection);

#endif
