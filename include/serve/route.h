/*
 * route.h - a path, and the function that answers its requests.
 */
#ifndef SERVE_ROUTE_H
#define SERVE_ROUTE_H

#include <stdbool.h>

struct request;

struct route {
    const char *path;
    unsigned methods; /* of enum method; with METHOD_OPTIONS, the server answers OPTIONS itself */
    bool is_shared;   /* pages of other origins may use it (CORS) */
    /* Answer the request, or take it over (http/http.h). Its method is one of `methods`; a GET or HEAD has no body. */
    void (*answer)(void *arg, struct request *request);
    void *arg;
};

#endif
