/*
 * request.h - what a browser asked for, copied out of libwebsockets while it has it.
 *
 * Lives     until the handler that it was given to returns; a copy, until request_free().
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

#define REQUEST_ORIGIN_MAX 255         /* bytes; a longer one is "?", which is none */
#define REQUEST_LAST_EVENT_ID_MAX 1024 /* bytes; a longer one is "?", which is none of ours */

struct request_arg {
    struct bytes name, value; /* percent-decoded; the value may contain any byte */
};

struct request {
    enum method method;
    bool is_broken;             /* there was a line end within the URL: what is here may be a part of it */
    bool is_chunked;            /* the body comes in chunks: its length is not known */
    bool has_length;            /* Content-Length is there, and a number */
    uint64_t length;            /* of the body; 0: not said; UINT64_MAX: said, and not understood */
    struct bytes path;          /* percent-decoded, /../ resolved */
    struct bytes origin;        /* header Origin; empty where absent */
    struct bytes last_event_id; /* header Last-Event-ID; empty where absent */
    struct bytes subprotocols;  /* header Sec-WebSocket-Protocol: names with commas between them; empty where absent */
    unsigned arg_count;
    const struct request_arg *args;
    /* For http itself. */
    struct http *http; /* NULL: a copy, which can't be answered */
    struct lws *wsi;
    char *text;      /* what the names above point into */
    bool is_settled; /* it was answered, or taken over */
    bool must_close; /* the connection ends with it */
};

/* The first argument of that name. false: there is none. */
bool request_arg(const struct request *request, const char *name, struct bytes *value);

/* All that was asked, on its own, for as long as it is needed. NULL: no memory. */
MUST_CHECK struct request *request_copy(const struct request *request);
/* NULL is fine. */
void request_free(struct request *copy);

#endif
