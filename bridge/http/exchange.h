/*
 * exchange.h - sending the answer of an exchange.
 *
 * For this room's own files, which use libwebsockets' socket (struct lws); callers of the public header never touch it.
 * An int is the result of an lws callback: 0 continues, -1 closes the socket.
 */
#ifndef HTTP_EXCHANGE_PRIVATE_H
#define HTTP_EXCHANGE_PRIVATE_H

#include "http/exchange.h"

/* The socket is writable: send the answer, which must be ready. on_gone has been called when this returns. */
int exchange_send(struct exchange *exchange);

#endif
