/*
 * route.h - a path, and who answers at it.
 */
#ifndef SERVE_ROUTE_H
#define SERVE_ROUTE_H

#include <stdbool.h>

struct request;

struct route {
    const char *path;
    unsigned methods; /* of enum method; with METHOD_OPTIONS, OPTIONS is answered for it */
    bool is_shared;   /* pages of other origins may use it */
    /* Answer it, or take it over (http/http.h). Its method is one of the above, and a GET or HEAD has no body. */
    void (*answer)(void *arg, struct request *request);
    void *arg;
};

#endif
