/*
 * route.h - from method and path to whoever answers.
 */
#ifndef SERVE_ROUTE_H
#define SERVE_ROUTE_H

#include "base/check.h"
#include "request.h"

#include <stdbool.h>
#include <stddef.h>

struct transport;

struct route {
    const char *path;
    unsigned methods; /* of enum method */
    bool is_shared;   /* pages of other origins may use it */
    int (*answer)(struct transport *transport, struct lws *wsi, const struct request *request);
};

/* NULL: there is no such path. */
const struct route *route_find(const char *path, size_t len);

#define ROUTE_ALLOW_MAX 64
/* "GET, HEAD" and so on, for the Allow header. */
void route_allow_print(char out[static ROUTE_ALLOW_MAX], unsigned methods);

/* Answer the request that lws has parsed. The int is lws's. */
MUST_CHECK int route_request(struct transport *transport, struct lws *wsi);

#endif
