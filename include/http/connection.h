/*
 * connection.h - a socket that something lasting goes on on: a stream, a WebSocket, or an exchange.
 *
 * Story     It is the first member of a struct of its owner's. Bytes go out whenever the owner writes, with nothing in
 *           between; what the system does not take at once is held here and goes out by itself, before anything else.
 *
 *     ┌──────┐ ── connection_close ──► ┌─────────┐   all is out: the close of its protocol
 *     │ OPEN │                         │ CLOSING │ ──────────────────────────────────────► on_closed
 *     └──────┘                         └─────────┘                                             ▲
 *        └─────── connection_kill, connection_reset, from both ──► DEAD ──── the next turn ────┘
 *
 *     A browser that leaves, or a network that fails, brings on_closed from anywhere.
 *
 * Promise   on_closed comes once for each that was opened, from the loop, never from within one of the verbs.
 * Owns      what it holds back.    Borrows  its place in the owner's struct, until on_closed.
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
    bool is_first;  /* piece of its message */
    bool is_final;  /* piece of its message */
    bool is_binary; /* else it is text, and good UTF-8 */
};

/* What happens to it. NULL: nothing to do. */
struct connection_ops {
    void (*on_writable)(struct connection *connection); /* nothing is held back (any more) */
    void (*on_piece)(struct connection *connection, const struct piece *piece);
    void (*on_pong)(struct connection *connection);
    void (*on_leaving)(struct connection *connection); /* the browser said goodbye; say no more */
    void (*on_closed)(struct connection *connection);  /* it is off the socket: free it */
};

enum connection_state {
    CONNECTION_OPEN,
    CONNECTION_ANSWERED, /* an exchange whose answer waits for the socket */
    CONNECTION_CLOSING,  /* when all is out, its close is said */
    CONNECTION_CLOSED,   /* its close is said, and the browser's is waited for */
    CONNECTION_DEAD,     /* it is closed in the next turn */
};

/* What a write needs stands first: the owner's struct may go on with what a delivery needs, in the same 64 bytes. */
struct connection {
    const struct pipe *pipe; /* what writes to it */
    struct lws *wsi;         /* NULL: it is off the socket */
    int fd;
    bool is_waiting;           /* for the socket to become writable: something may be held back */
    uint8_t state;             /* enum connection_state */
    unsigned short close_code; /* what connection_close() was told */
    const char *close_reason;
    const struct connection_ops *ops;
    uint64_t number; /* its id */
};

/* Take the WebSocket over, whose request a handler was given. */
void connection_open(struct connection *connection, const struct connection_ops *ops, struct request *request);

/* Answer the request with this head (its body is ignored), and go on with what is written. false: the socket failed;
 * nothing was opened. */
MUST_CHECK bool connection_open_stream(struct connection *connection, const struct connection_ops *ops,
                                       struct request *request, const struct response *head);

/* The name of the subprotocol that the handshake chose. */
const char *connection_subprotocol(const struct connection *connection);

/* --- its id ------------------------------------------------------------------------------------------------------- */

/* No other connection of any worker has it: 16 characters [0-9a-f]. For log lines: `connection=%s`. */
#define CONNECTION_ID_MAX 17
const char *connection_id(char out[static CONNECTION_ID_MAX], const struct connection *connection);
#define CONNECTION_ID(connection) connection_id((char[CONNECTION_ID_MAX]){0}, (connection))

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* Bytes of its protocol: for a WebSocket, whole frames. BUFFER_HEADROOM bytes before them may be overwritten. In OPEN
 * only. */
enum written connection_write(struct connection *connection, char *bytes, size_t len);

/* Is something held back? */
bool connection_is_holding(const struct connection *connection);

/* --- what becomes of what was written ----------------------------------------------------------------------------- */

/* A system call. false: this socket or this kernel does not tell, or it is shut. */
bool connection_progress(const struct connection *connection, struct progress *out);

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* Read nothing more from it, so that its peer has to wait. */
void connection_pause_reading(struct connection *connection);
void connection_resume_reading(struct connection *connection);

/* --- ending ------------------------------------------------------------------------------------------------------- */

/* Once all is out: a close frame with this code and reason (fixed text), or, where the code is 0, just the end. */
void connection_close(struct connection *connection, unsigned code, const char *reason);
/* Now, without another word. What the kernel has already taken goes on its way. */
void connection_kill(struct connection *connection);
/* Now, and what the kernel has taken is dropped: for one that takes nothing. */
void connection_reset(struct connection *connection);

#endif
