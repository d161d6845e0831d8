/*
 * config.h - what server_new() needs.
 */
#ifndef SERVE_CONFIG_H
#define SERVE_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#define SERVER_ASK_CHANNELS_MAX 128 /* channels of one request, whatever max_channels says; frames may add more */

struct access;
struct glob_list;
struct route;

/* server_new() copies it; what it points to is borrowed until server_free(). */
struct server_config {
    int listening;                            /* the listening socket; server_new() takes ownership */
    const char *tls_cert, *tls_key;           /* file names, or "" for plain HTTP */
    const struct access *access;              /* who a client is, and what it may do */
    const struct glob_list *default_channels; /* of requests to /events, /ws and /history that name none */
    uint64_t heartbeat_ms;
    uint64_t stall_ms;          /* a browser that accepts no data for this long is disconnected */
    uint64_t max_age_ms;        /* 0: no limit; otherwise each stream ends at 85 to 100 % of it */
    size_t max_payload;         /* bytes */
    unsigned max_channels;      /* per connection */
    unsigned max_connections;   /* streams that may be open at the same time, in this worker */
    const struct route *routes; /* in addition to the server's own */
    unsigned route_count;
};

#endif
