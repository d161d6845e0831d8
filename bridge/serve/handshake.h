/*
 * handshake.h - may this request become a WebSocket?
 */
#ifndef SERVE_HANDSHAKE_H
#define SERVE_HANDSHAKE_H

struct request;

/* Answer it where it may not. */
void handshake_check(struct request *request);

/* A plain request for /ws; `arg` is the server. */
void handshake_refuse_plain(void *arg, struct request *request);

#endif
