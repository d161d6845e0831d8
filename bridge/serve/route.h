/*
 * route.h - from method and path to whoever answers.
 */
#ifndef SERVE_ROUTES_H
#define SERVE_ROUTES_H

#include "base/bytes.h"
#include "serve/route.h"

struct request;
struct server;

/* The one among `count` of these; NULL: none. */
const struct route *route_find(const struct route *routes, unsigned count, struct bytes path);
/* Among those of the server itself: streams, WebSockets, publishing, history. Their arg is the server. */
const struct route *route_find_own(struct bytes path);

#define ROUTE_ALLOW_MAX 64
/* "GET, HEAD" and so on, for the Allow header. */
void route_allow_print(char out[static ROUTE_ALLOW_MAX], unsigned methods);

/* Have the request answered. */
void route_request(struct server *server, struct request *request);

#endif
