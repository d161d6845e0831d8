/*
 * exchange.h - the way of an answer to the socket.
 *
 * Where this room's own files meet libwebsockets' socket, the struct lws, which the door does not know. The ints are
 * lws's: 0 goes on, -1 closes the socket.
 */
#ifndef HTTP_EXCHANGE_PRIVATE_H
#define HTTP_EXCHANGE_PRIVATE_H

#include "http/exchange.h"

/* The socket takes its answer, which is there. It is gone afterwards. */
int exchange_send(struct exchange *exchange);

#endif
