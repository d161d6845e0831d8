/*
 * dialect.h - what a subscriber and its server say to each other before and besides the messages.
 *
 * Story     A conversation begins with exchanges: the subscriber says something, and waits until it hears something.
 *           After the last of them it is open. From then on it only listens, and answers pings.
 *
 *             sse, ws    a request for --path, the response's head
 *             webdis     … over WebSocket, then a Redis command as JSON, and Redis's answer
 *             socketio   … over WebSocket, then Engine.IO's greeting, "40", and Socket.IO's "40{…}"
 *             redis      no server in between: SUBSCRIBE, and Redis's answer
 */
#ifndef BENCH_DIALECT_H
#define BENCH_DIALECT_H

#include <stdbool.h>

struct exchange {
    const char *say;   /* "{c}" stands for the channel; NULL: nothing, only listen */
    const char *await; /* what is heard then, wherever it begins */
};

enum { EXCHANGES_MAX = 3 };

struct dialect {
    const char *name;
    bool http, websocket;                     /* http: the first exchange is a request and a response head */
    const char *path;                         /* of that request, unless another is chosen; redis: the channel */
    struct exchange exchanges[EXCHANGES_MAX]; /* after the request; ends with the first that awaits nothing */
    const char *ping, *pong;                  /* messages of the dialect's own; NULL: it has none */
};

/* NULL: there is none of this name. */
const struct dialect *dialect_find(const char *name);

#endif
