/*
 * route.h - finds the route for a method and path.
 */
#ifndef SERVE_ROUTES_H
#define SERVE_ROUTES_H

#include "base/bytes.h"
#include "serve/route.h"

struct request;
struct server;

/* The one among these `count` routes with this path; NULL: there is none. */
const struct route *route_find(const struct route *routes, unsigned count, struct bytes path);
/* The same among the server's own routes: streams, WebSockets, publishing, history. Their handlers get the server. */
const struct route *route_find_own(struct bytes path);

#define ROUTE_ALLOW_MAX 64
/* "GET, HEAD" and so on, for the Allow header. */
void route_allow_print(char out[static ROUTE_ALLOW_MAX], unsigned methods);

/* Find the request's route and let it answer; refuse the request if there is none. */
void route_request(struct server *server, struct request *request);

#endif
