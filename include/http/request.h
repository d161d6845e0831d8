/*
 * request.h - what a browser asked for, copied from libwebsockets, which keeps it only for a while.
 *
 * Lives     until the handler that received it returns; a copy lives until request_free().
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/bytes.h"
#include "base/check.h"

#include <stdbool.h>
#include <stdint.h>

struct http;
struct lws;

enum method {
    METHOD_GET = 1 << 0,
    METHOD_HEAD = 1 << 1,
    METHOD_POST = 1 << 2,
    METHOD_OPTIONS = 1 << 3,
    METHOD_OTHER = 1 << 4,
    METHOD_READ = METHOD_GET | METHOD_HEAD,
};

#define REQUEST_ORIGIN_MAX 255         /* bytes; a longer one becomes "?", which is no valid origin */
#define REQUEST_LAST_EVENT_ID_MAX 1024 /* bytes; a longer one becomes "?", which is no valid id */

struct request_arg {
    struct bytes name, value; /* percent-decoded; the value may contain any byte */
};

struct request {
    enum method method;
    bool is_broken;             /* the URL contained a line break (%0a, %0d): the fields below may be incomplete */
    bool is_chunked;            /* the body is sent in chunks: its length is unknown */
    bool has_length;            /* Content-Length is present and a number */
    uint64_t length;            /* of the body; 0: empty or not announced; UINT64_MAX: announced, but unusable */
    struct bytes path;          /* percent-decoded, /../ resolved */
    struct bytes origin;        /* header Origin; empty if absent */
    struct bytes last_event_id; /* header Last-Event-ID; empty if absent */
    struct bytes subprotocols;  /* header Sec-WebSocket-Protocol: names separated by commas; empty if absent */
    unsigned arg_count;
    const struct request_arg *args;
    /* Private to http. */
    struct http *http; /* NULL: this is a copy, which can't be answered */
    struct lws *wsi;
    char *text;      /* what the fields above point into */
    bool is_settled; /* it has been answered or taken over */
    bool must_close; /* the connection is closed after it */
};

/* The first argument with this name. false: there is none. */
bool request_arg(const struct request *request, const char *name, struct bytes *value);

/* A deep copy that the caller keeps as long as needed and frees with request_free(). NULL: no memory. */
MUST_CHECK struct request *request_copy(const struct request *request);
/* NULL is fine. */
void request_free(struct request *copy);

#endif
