/*
 * response.c - head and body in one write (HTTP/1.1 only: over HTTP/2 they would be frames of their own).
 */
#include "response.h"

#include "access/origin.h"
#include "base/buffer.h"
#include "outgoing.h"
#include "server.h"
#include "wire/json_string.h"

#include <stdio.h>
#include <string.h>

#define HEAD_MAX 2048
#define ALLOWED_HEADERS "last-event-id, authorization, cache-control, content-type"

struct head {
    struct lws *wsi;
    unsigned char *at, *end;
    bool failed;
};

static void response_head_add(struct head *head, const char *name, const char *value)
{
    head->failed |= lws_add_http_header_by_name(head->wsi, (const unsigned char *)name, (const unsigned char *)value,
                                                (int)strlen(value), &head->at, head->end) != 0;
}

/* Fetch standard, 3.3: with a list of origins the answer depends on who asks, and credentials are welcome. */
static void response_head_add_cors(struct head *head, const struct transport *transport, const char *origin)
{
    enum origin_answer answer = origin_check(transport->config.access, bytes_of(origin));
    if (answer == ORIGIN_ANY) {
        response_head_add(head, "access-control-allow-origin", "*");
        return;
    }
    response_head_add(head, "vary", "origin");
    if (answer != ORIGIN_OPEN)
        return;
    response_head_add(head, "access-control-allow-origin", origin);
    response_head_add(head, "access-control-allow-credentials", "true");
}

static void response_head_add_preflight(struct head *head)
{
    response_head_add(head, "access-control-allow-methods", "GET, HEAD, POST, OPTIONS");
    response_head_add(head, "access-control-allow-headers", ALLOWED_HEADERS);
    response_head_add(head, "access-control-max-age", "86400");
}

static void response_head_add_rest(struct head *head, const struct transport *transport, const struct response *r)
{
    char seconds[16];
    response_head_add(head, "cache-control", "no-store, no-transform");
    response_head_add(head, "x-content-type-options", "nosniff");
    if (r->origin)
        response_head_add_cors(head, transport, r->origin);
    if (r->is_preflight)
        response_head_add_preflight(head);
    if (r->allow)
        response_head_add(head, "allow", r->allow);
    if (r->retry_after_s > 0) {
        snprintf(seconds, sizeof seconds, "%u", r->retry_after_s);
        response_head_add(head, "retry-after", seconds);
    }
    if (r->is_last)
        response_head_add(head, "connection", "close");
    head->failed |= lws_finalize_http_header(head->wsi, &head->at, head->end) != 0;
}

static int response_send_whole(struct transport *transport, struct lws *wsi, const struct response *r,
                               struct buffer *out)
{
    struct head head = {.wsi = wsi};
    head.at = (unsigned char *)buffer_reserve(out, HEAD_MAX + r->len);
    if (!head.at)
        return -1;
    head.end = head.at + HEAD_MAX;
    head.failed = lws_add_http_common_headers(wsi, r->status, r->type, r->len, &head.at, head.end) != 0;
    response_head_add_rest(&head, transport, r);
    if (head.failed)
        return -1;
    out->len = (size_t)((char *)head.at - out->data);
    if (!r->is_head && r->len > 0)
        buffer_append(out, r->body, r->len);
    if (lws_write(wsi, (unsigned char *)out->data, out->len, LWS_WRITE_HTTP) < 0 || r->is_last)
        return -1;
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

int response_send(struct transport *transport, struct lws *wsi, const struct response *response)
{
    struct buffer out = {0};
    int result = response_send_whole(transport, wsi, response, &out);
    buffer_fini(&out);
    return result;
}

int response_send_error(struct transport *transport, struct lws *wsi, struct response response, const char *code,
                        const char *message)
{
    struct buffer body = {0};
    buffer_printf(&body, "{\"error\":{\"code\":\"%s\",\"message\":", code);
    wire_json_string(&body, bytes_of(message));
    buffer_append_text(&body, "}}\n");
    response.type = CONTENT_JSON;
    response.body = body.data;
    response.len = body.failed ? 0 : body.len;
    int result = response_send(transport, wsi, &response);
    buffer_fini(&body);
    return result;
}

bool response_send_stream_head(struct transport *transport, struct lws *wsi, const char *origin)
{
    unsigned char bytes[LWS_PRE + HEAD_MAX];
    unsigned char *start = bytes + LWS_PRE;
    struct head head = {.wsi = wsi, .at = start, .end = bytes + sizeof bytes};
    head.failed =
        lws_add_http_common_headers(wsi, 200, CONTENT_EVENTS, LWS_ILLEGAL_HTTP_CONTENT_LEN, &head.at, head.end) != 0;
    response_head_add(&head, "cache-control", "no-store, no-transform");
    response_head_add(&head, "x-accel-buffering", "no");
    response_head_add_cors(&head, transport, origin);
    if (head.failed || lws_finalize_http_header(wsi, &head.at, head.end) != 0)
        return false;
    if (transport_is_plain(transport)) /* the first block comes at the end of this turn, as a rule */
        start += outgoing_send(lws_get_socket_fd(wsi), (char *)start, (size_t)(head.at - start), true);
    return start == head.at || lws_write(wsi, start, (size_t)(head.at - start), LWS_WRITE_HTTP_HEADERS) >= 0;
}
