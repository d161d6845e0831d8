/*
 * config.h - what the HTTP room is born with: its settings, and whoever it hands requests to.
 */
#ifndef HTTP_CONFIG_H
#define HTTP_CONFIG_H

struct request;

struct http_handlers {
    /* A plain request, without its body. It lives until the handler returns. */
    void (*request)(void *arg, struct request *request);
    /* A request that wants to become a WebSocket. */
    void (*upgrade)(void *arg, struct request *request);
    /* It has become one: the handshake is done, and the request is still there. */
    void (*websocket)(void *arg, struct request *request);
};

struct http_config {
    int listening;                   /* the socket that newcomers knock at; taken */
    const char *tls_cert, *tls_key;  /* file names, or "" for plain HTTP */
    const char *const *subprotocols; /* of WebSockets, NULL at the end; the first also for those that ask for none */
    unsigned max_connections;        /* streams and WebSockets that are to be possible at the same time */
};

#endif
