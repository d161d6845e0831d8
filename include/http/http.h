/*
 * http.h - the HTTP room's interface: browsers connect, requests are passed up; answers, streams and WebSockets go out.
 *
 * Story     One struct http per worker, on its loop. It accepts from the listening socket that it was given, and lets
 *           libwebsockets read and write; no room above it sees that library. It knows connections, requests and
 *           answers; what they mean is up to the handlers that http_new() was given.
 *
 *           http                      the handler's options
 *           handlers.request    ────► response_send                   answered at once
 *                                     exchange_open, exchange_answer  answered later, or after its body
 *                                     connection_open_stream          answered with a body without an end
 *                                     exchange_open_stream            the same, later
 *                                     none of them                    closed
 *           handlers.upgrade    ────► response_send                   refused, with the reason
 *                                     nothing                         the handshake goes on
 *           handlers.websocket  ────► connection_open                 taken over
 *                                     nothing                         closed
 *
 * Promise   Handlers and the callbacks of connections are called from the loop, never from within a call to this room,
 *           http_free() excepted. A connection is freed only in its own on_closed or on_gone (an exchange also after
 *           exchange_open_stream()).
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/check.h"
#include "http/config.h"

#include <stdbool.h>

struct http;
struct loop;

/* Call it before listen(): sets the socket options that accepted connections inherit. */
void http_prepare(int fd);

/* Takes ownership of config->listening, even if it fails, and accepts at once. The strings and handlers are borrowed
 * until http_free(). NULL: no memory, or the reason is in the log. */
MUST_CHECK struct http *http_new(struct loop *loop, const struct http_config *config,
                                 const struct http_handlers *handlers, void *arg);

/* config.max_connections, or fewer if the system does not allow that many open files. */
unsigned http_max_connections(const struct http *http);

/* Exchanges whose answer has not been sent yet. */
unsigned http_exchanges(const struct http *http);
/* Connections from which nothing has been received yet. */
unsigned http_silent(const struct http *http);

/* Stop accepting. Connections that already wait in the listen queue are accepted first, within a turn or two. */
void http_shut(struct http *http);
bool http_is_shut(const struct http *http);

/* Disconnects every connection at once; each calls its owner's on_closed or on_gone. NULL is fine. */
void http_free(struct http *http);

#endif
