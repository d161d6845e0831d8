/*
 * response.h - an answer to a plain request: a status, a few headers, a body.
 */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include "base/bytes.h"

#include <stdbool.h>

struct request;

#define CONTENT_JSON "application/json"
#define CONTENT_EVENTS "text/event-stream"

/* Which pages of other origins may read an answer (Fetch standard, 3.2). All zero: nothing is said about it. */
struct cors {
    struct bytes origin;  /* of the pages that may; "*": of all; empty: none */
    bool depends_on_page; /* others would be told something else; the page that may read may send credentials */
    bool is_preflight;    /* tell what such a page may send, too */
};

struct response {
    unsigned status;
    const char *type; /* NULL: no content */
    struct bytes body;
    struct cors cors;
    const char *allow;      /* methods, or NULL */
    unsigned retry_after_s; /* 0: not said */
    bool is_last;           /* close the connection after it */
};

/*
 * Answer a request that a handler was given, now; a HEAD gets all but the body. Everything is borrowed until it returns.
 * Where a body is still to come, it is read to its end and thrown away (is_last: it is not).
 */
void response_send(struct request *request, const struct response *response);

#endif
