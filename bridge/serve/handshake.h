/*
 * handshake.h - may this request become a WebSocket?
 */
#ifndef SERVE_HANDSHAKE_H
#define SERVE_HANDSHAKE_H

struct request;

/* If it may not, refuse it; else do nothing. */
void handshake_check(struct request *request);

/* Refuse a plain request for /ws; `arg` is the server. */
void handshake_refuse_plain(void *arg, struct request *request);

#endif
