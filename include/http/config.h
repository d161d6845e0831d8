/*
 * config.h - what http_new() needs: its settings, and the handlers that get the requests.
 */
#ifndef HTTP_CONFIG_H
#define HTTP_CONFIG_H

struct request;

struct http_handlers {
    /* A plain request, without its body. The struct request is valid until the handler returns. */
    void (*request)(void *arg, struct request *request);
    /* A request for a WebSocket, before the handshake. */
    void (*upgrade)(void *arg, struct request *request);
    /* The handshake is done, the WebSocket is open; the request is still valid. */
    void (*websocket)(void *arg, struct request *request);
};

struct http_config {
    int listening;                   /* the listening socket; http_new() takes ownership */
    const char *tls_cert, *tls_key;  /* file names, or "" for plain HTTP */
    const char *const *subprotocols; /* of WebSockets, NULL at the end; clients that ask for none get the first */
    unsigned max_connections;        /* streams and WebSockets that may be open at the same time */
};

#endif
