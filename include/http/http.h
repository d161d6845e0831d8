/*
 * http.h - the door of the HTTP room: browsers connect, requests come up, answers, streams and WebSockets go out.
 *
 * Story     One struct http per worker, on its loop. It accepts at the socket that it was given, and has libwebsockets
 *           read and write; nobody above it sees that library. What it knows is connections, requests and answers; what
 *           they are about is the business of the handlers that were handed down at birth.
 *
 *           http                      whoever it serves
 *           handlers.request    ────► response_send                   answered at once
 *                                     exchange_open, exchange_answer  answered later, or after its body
 *                                     connection_open_stream          answered with bytes that have no end
 *                                     exchange_open_stream            the same, later
 *                                     none of them                    closed
 *           handlers.upgrade    ────► response_send                   no WebSocket, and why
 *                                     nothing                         it may become one
 *           handlers.websocket  ────► connection_open                 it is one
 *                                     nothing                         closed
 *
 * Promise   Handlers, and what connections report, are called from the loop, never from within a call of this door. A
 *           connection is never freed but from its own on_closed or on_gone.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/check.h"
#include "http/config.h"

#include <stdbool.h>

struct http;
struct loop;

/* Of a socket that is to listen, before it does: what its connections are to inherit. */
void http_prepare(int fd);

/* Takes config->listening, also where it fails, and accepts at once. The texts and handlers are borrowed for its life.
 * NULL: the reason is in the log. */
MUST_CHECK struct http *http_new(struct loop *loop, const struct http_config *config,
                                 const struct http_handlers *handlers, void *arg);

/* config.max_connections, or fewer where the system does not give so many descriptors. */
unsigned http_max_connections(const struct http *http);

/* Exchanges whose answer is not out yet. */
unsigned http_exchanges(const struct http *http);
/* Connections on which nothing has come yet. */
unsigned http_silent(const struct http *http);

/* Accept nobody any more; those who wait to be accepted are let in first, within a turn or two. */
void http_shut(struct http *http);
bool http_is_shut(const struct http *http);

/* Connections are cut where they are; each says so to its owner. */
void http_free(struct http *http);

#endif
