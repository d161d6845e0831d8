/*
 * config.h - what a server is born with.
 */
#ifndef SERVE_CONFIG_H
#define SERVE_CONFIG_H

#include <stddef.h>
#include <stdint.h>

struct access;
struct glob_list;
struct route;

/* Borrowed for the server's life, with all that it points to. */
struct server_config {
    int listening;                            /* the socket that newcomers knock at; taken */
    const char *tls_cert, *tls_key;           /* file names, or "" for plain HTTP */
    const struct access *access;              /* who may what */
    const struct glob_list *default_channels; /* what /events and /ws mean when they name none */
    uint64_t heartbeat_ms;
    uint64_t stall_ms;          /* a browser that takes nothing for so long is cut */
    uint64_t max_age_ms;        /* 0: none; otherwise each stream ends at 85 to 100 % of it */
    size_t max_payload;         /* bytes */
    unsigned max_channels;      /* per browser */
    unsigned max_connections;   /* of this worker */
    const struct route *routes; /* beside the server's own */
    unsigned route_count;
};

#endif
