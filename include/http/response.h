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

/* Which pages of other origins may read an answer (Fetch standard, 3.2). All zero: no CORS headers are sent. */
struct cors {
    struct bytes origin;  /* whose pages may read it; "*": any; empty: none */
    bool depends_on_page; /* the answer differs by origin (vary: origin); the allowed page may send credentials */
    bool is_preflight;    /* also list the methods and headers that such a page may use */
};

struct response {
    unsigned status;
    const char *type; /* Content-Type; NULL: none */
    struct bytes body;
    struct cors cors;
    const char *allow;      /* the methods for the header Allow; NULL: none */
    unsigned retry_after_s; /* header Retry-After; 0: none */
    bool is_last;           /* close the connection after it */
};

/*
 * Answer a request at once, from within its handler; a HEAD request gets no body. Everything is borrowed until this
 * returns. If the request's body is still to come, it is read to its end and discarded (with is_last it is not read).
 */
void response_send(struct request *request, const struct response *response);

#endif
