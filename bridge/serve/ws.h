/*
 * ws.h - one WebSocket: a stream that also receives messages.
 */
#ifndef SERVE_WS_H
#define SERVE_WS_H

struct request;
struct server;

#define WS_SUBPROTOCOL_JSON "bridge.v1.json"
#define WS_SUBPROTOCOL_RAW "bridge.v1.raw"

/* The handshake is done: take over the connection. */
void ws_open(struct server *server, struct request *request);

#endif
