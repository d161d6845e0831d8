/*
 * response.h - a whole answer to a plain request.
 */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>

struct lws;
struct transport;

#define CONTENT_JSON "application/json"
#define CONTENT_EVENTS "text/event-stream"
#define CONTENT_METRICS "text/plain; version=0.0.4; charset=utf-8"

struct response {
    unsigned status;
    const char *type; /* NULL: no body, no content */
    const char *body;
    size_t len;
    const char *origin;     /* of the request, where pages of other origins may read the answer; else NULL */
    bool is_preflight;      /* tell what a page of another origin may send */
    const char *allow;      /* methods, or NULL */
    unsigned retry_after_s; /* 0: not said */
    bool is_head;           /* all but the body */
    bool is_last;           /* close the connection after it */
};

/*
 * Send it. The int is lws's own: -1 closes the connection, 0 goes on, and the header table may be gone.
 * Where the request still has a body to come, lws reads it to its end and throws it away (is_last: it does not).
 */
MUST_CHECK int response_send(struct transport *transport, struct lws *wsi, const struct response *response);

/* {"error":{"code":…,"message":…}} with what else `response` says; its type, body and len are overwritten. */
MUST_CHECK int response_send_error(struct transport *transport, struct lws *wsi, struct response response,
                                   const char *code, const char *message);

/* The head of an SSE stream; the stream follows. false: the socket failed, close it. */
MUST_CHECK bool response_send_stream_head(struct transport *transport, struct lws *wsi, const char *origin);

#endif
