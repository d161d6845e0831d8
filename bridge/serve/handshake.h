/*
 * handshake.h - may this request become a WebSocket?
 */
#ifndef SERVE_HANDSHAKE_H
#define SERVE_HANDSHAKE_H

#include "base/check.h"

struct lws;
struct request;
struct transport;

/* lws is about to upgrade: `upgrade` is what to. 0: yes, or it stays plain HTTP. -1: close it, it has been told why. */
MUST_CHECK int handshake_check(struct transport *transport, struct lws *wsi, char *upgrade);

/* A plain request for /ws. */
int handshake_refuse_plain(struct transport *transport, struct lws *wsi, const struct request *request);

#endif
