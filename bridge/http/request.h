/*
 * request.h - what a browser asked for, copied out of lws's header table while there is one.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/buffer.h"
#include "base/check.h"
#include "words/glob.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lws;

enum method {
    METHOD_GET = 1 << 0,
    METHOD_HEAD = 1 << 1,
    METHOD_POST = 1 << 2,
    METHOD_OPTIONS = 1 << 3,
    METHOD_OTHER = 1 << 4,
};

#define REQUEST_ARGS_MAX 128 /* lws takes fewer: arguments and headers share a table of about a hundred */
#define REQUEST_ORIGIN_MAX 256
#define REQUEST_CURSOR_MAX 64

struct request_arg {
    struct bytes name, value; /* percent-decoded; the value may contain any byte */
};

struct request {
    enum method method;
    struct bytes path;                      /* percent-decoded, /../ resolved */
    char origin[REQUEST_ORIGIN_MAX];        /* "" where absent; "?" where it is longer than any real one */
    char last_event_id[REQUEST_CURSOR_MAX]; /* header; "" where absent; "?" where it is longer than any real one */
    bool has_length, is_chunked;            /* of the body */
    uint64_t length;
    unsigned arg_count;
    struct request_arg args[REQUEST_ARGS_MAX];
    struct buffer text; /* what the names above point into */
};

/* Did the request's first line end where it should? lws (4.3.5) takes a %0a or %0d in it for the end of the line. */
bool request_is_whole(struct lws *wsi);

/* Read the request that lws has parsed. false: no memory, or more arguments than anybody needs. */
MUST_CHECK bool request_init(struct request *request, struct lws *wsi);
void request_fini(struct request *request);

/* The first argument of that name. false: there is none. */
bool request_arg(const struct request *request, const char *name, struct bytes *value);

#endif
