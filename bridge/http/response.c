/*
 * response.c - head and body in one write (HTTP/1.1 only: over HTTP/2 they would be frames of their own).
 */
#include "response.h"

#include "http/request.h"

#include <libwebsockets.h>
#include <stdio.h>

#define HEAD_MAX 2048
#define ALLOWED_METHODS "GET, HEAD, POST, OPTIONS"
#define ALLOWED_HEADERS "last-event-id, authorization, cache-control, content-type"
#define PREFLIGHT_MAX_AGE_S "86400"

/* --- the head ----------------------------------------------------------------------------------------------------- */

struct response_head {
    struct lws *wsi;
    unsigned char *at, *end;
    bool failed;
};

static void response_add(struct response_head *head, const char *name, struct bytes value)
{
    head->failed |=
        lws_add_http_header_by_name(head->wsi, (const unsigned char *)name, (const unsigned char *)value.data,
                                    (int)value.len, &head->at, head->end) != 0;
}

static void response_add_text(struct response_head *head, const char *name, const char *value)
{
    response_add(head, name, bytes_of(value));
}

static void response_add_cors(struct response_head *head, const struct cors *cors)
{
    if (cors->depends_on_page)
        response_add_text(head, "vary", "origin");
    if (cors->origin.len > 0)
        response_add(head, "access-control-allow-origin", cors->origin);
    if (cors->origin.len > 0 && cors->depends_on_page)
        response_add_text(head, "access-control-allow-credentials", "true");
    if (!cors->is_preflight)
        return;
    response_add_text(head, "access-control-allow-methods", ALLOWED_METHODS);
    response_add_text(head, "access-control-allow-headers", ALLOWED_HEADERS);
    response_add_text(head, "access-control-max-age", PREFLIGHT_MAX_AGE_S);
}

static void response_add_rest(struct response_head *head, const struct response *response)
{
    char seconds[16];
    response_add_text(head, "x-content-type-options", "nosniff");
    response_add_cors(head, &response->cors);
    if (response->allow)
        response_add_text(head, "allow", response->allow);
    if (response->retry_after_s > 0) {
        snprintf(seconds, sizeof seconds, "%u", response->retry_after_s);
        response_add_text(head, "retry-after", seconds);
    }
    if (response->is_last)
        response_add_text(head, "connection", "close");
}

/* A body without an end: a proxy must not buffer it. */
static void response_add_endless(struct response_head *head, const struct response *response)
{
    response_add_text(head, "x-accel-buffering", "no");
    response_add_cors(head, &response->cors);
}

static bool response_format_head(struct buffer *out, struct lws *wsi, const struct response *response,
                                 lws_filepos_t body_len, size_t more)
{
    struct response_head head = {.wsi = wsi, .at = (unsigned char *)buffer_reserve(out, HEAD_MAX + more)};
    if (!head.at)
        return false;
    head.end = head.at + HEAD_MAX;
    head.failed = lws_add_http_common_headers(wsi, response->status, response->type, body_len, &head.at, head.end) != 0;
    response_add_text(&head, "cache-control", "no-store, no-transform");
    if (body_len == LWS_ILLEGAL_HTTP_CONTENT_LEN)
        response_add_endless(&head, response);
    else
        response_add_rest(&head, response);
    if (head.failed || lws_finalize_http_header(wsi, &head.at, head.end) != 0)
        return false;
    out->len = (size_t)((char *)head.at - out->data);
    return true;
}

/* --- whole answers ------------------------------------------------------------------------------------------------ */

bool response_format(struct buffer *out, struct lws *wsi, const struct response *response, bool is_head)
{
    if (!response_format_head(out, wsi, response, response->body.len, response->body.len))
        return false;
    if (!is_head && response->body.len > 0)
        buffer_append(out, response->body.data, response->body.len);
    return true;
}

bool response_format_endless(struct buffer *out, struct lws *wsi, const struct response *response)
{
    return response_format_head(out, wsi, response, LWS_ILLEGAL_HTTP_CONTENT_LEN, 0);
}

int response_write(struct lws *wsi, struct buffer *whole, bool is_last)
{
    if (lws_write(wsi, (unsigned char *)whole->data, whole->len, LWS_WRITE_HTTP) < 0 || is_last)
        return -1;
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

void response_send(struct request *request, const struct response *response)
{
    struct buffer out = {0};
    request->is_settled = true;
    request->must_close = !response_format(&out, request->wsi, response, request->method == METHOD_HEAD) ||
                          response_write(request->wsi, &out, response->is_last) != 0;
    buffer_fini(&out);
}
