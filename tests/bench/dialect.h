/*
 * dialect.h - the handshakes and pings of a subscriber and its server, for each kind of server.
 *
 * Story     A connection begins with exchanges: the subscriber sends a text, and waits for an answer. After the last of
 *           them it is open. From then on it only receives, and answers pings.
 *
 *             sse, ws    a request for --path, the response head
 *             webdis     … over WebSocket, then a Redis command as JSON, and Redis's answer
 *             socketio   … over WebSocket, then Engine.IO's greeting, "40", and Socket.IO's "40{…}"
 *             redis      no server in between: SUBSCRIBE, and Redis's answer
 */
#ifndef BENCH_DIALECT_H
#define BENCH_DIALECT_H

#include <stdbool.h>

struct exchange {
    const char *say;   /* what to send; "{c}" stands for the channel; NULL: nothing, only wait */
    const char *await; /* the answer to wait for, anywhere in the bytes received */
};

enum { EXCHANGES_MAX = 3 };

struct dialect {
    const char *name;
    bool http, websocket;                     /* http: begins with a request and a response head */
    const char *path;                         /* that request's default target; redis: the channel */
    struct exchange exchanges[EXCHANGES_MAX]; /* after the request; the first without `await` ends them */
    const char *ping, *pong;                  /* the dialect's own, as text messages; NULL: it has none */
};

/* NULL: there is no dialect of this name. */
const struct dialect *dialect_find(const char *name);

#endif
