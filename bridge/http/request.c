/*
 * request.c - lws has split the query at & and decoded it: one "fragment" per argument.
 */
#include "request.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

bool request_arg(const struct request *request, const char *name, struct bytes *value)
{
    for (unsigned i = 0; i < request->arg_count; i++) {
        if (bytes_is(request->args[i].name, name)) {
            *value = request->args[i].value;
            return true;
        }
    }
    return false;
}

static void request_trim(char *text)
{
    size_t len = strlen(text), skip = strspn(text, " \t");
    while (len > skip && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    memmove(text, text + skip, len - skip);
    text[len - skip] = '\0';
}

/* A header into a fixed field: one that does not fit is certainly not a good one, and becomes "?", which is bad. */
static void request_read_header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size)
{
    if (lws_hdr_copy(wsi, out, (int)size, token) < 0)
        strcpy(out, "?");
    request_trim(out);
}

/* A header that lws has no number for; `name` in lower case, with its colon. */
static void request_read_custom_header(struct lws *wsi, const char *name, char *out, size_t size)
{
    int len = lws_hdr_custom_length(wsi, name, (int)strlen(name));
    out[0] = '\0';
    if (len > 0 && lws_hdr_custom_copy(wsi, out, (int)size, name, (int)strlen(name)) < 0)
        strcpy(out, "?");
    request_trim(out);
}

static void request_read_body_size(struct request *request, struct lws *wsi)
{
    char text[32];
    char *end;
    request->is_chunked = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
    request_read_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof text);
    if (text[0] < '0' || text[0] > '9')
        return;
    request->length = strtoull(text, &end, 10);
    request->has_length = *end == '\0';
}

static enum method request_read_method(struct request *request, struct lws *wsi)
{
    char *path = NULL;
    int len = 0;
    int method = lws_http_get_uri_and_method(wsi, &path, &len);
    request->path = (struct bytes){"", 0};
    if (path && len > 0) {
        request->path = (struct bytes){request->text.data + request->text.len, (size_t)len};
        buffer_append(&request->text, path, (size_t)len);
    }
    switch (method) {
    case LWSHUMETH_GET:
        return METHOD_GET;
    case LWSHUMETH_HEAD:
        return METHOD_HEAD;
    case LWSHUMETH_POST:
        return METHOD_POST;
    case LWSHUMETH_OPTIONS:
        return METHOD_OPTIONS;
    default:
        return METHOD_OTHER;
    }
}

static struct request_arg request_split_arg(const char *bytes, size_t len)
{
    const char *equals = memchr(bytes, '=', len);
    size_t name_len = equals ? (size_t)(equals - bytes) : len;
    if (!equals)
        return (struct request_arg){{bytes, len}, {"", 0}};
    return (struct request_arg){{bytes, name_len}, {equals + 1, len - name_len - 1}};
}

bool request_is_whole(struct lws *wsi)
{
    char version[16];
    return lws_hdr_copy(wsi, version, sizeof version, WSI_TOKEN_HTTP) == 8 && memcmp(version, "HTTP/1.", 7) == 0;
}

static bool request_read_args(struct request *request, struct lws *wsi)
{
    for (int i = 0;; i++) {
        char *at = request->text.data + request->text.len;
        int room = (int)(request->text.cap - request->text.len);
        int len = lws_hdr_copy_fragment(wsi, at, room, WSI_TOKEN_HTTP_URI_ARGS, i);
        if (len < 0)
            return true;
        if (len == 0)
            continue;
        if (request->arg_count == REQUEST_ARGS_MAX)
            return false;
        request->args[request->arg_count++] = request_split_arg(at, (size_t)len);
        request->text.len += (size_t)len;
    }
}

bool request_init(struct request *request, struct lws *wsi)
{
    char *path = NULL;
    int path_len = 0;
    memset(request, 0, offsetof(struct request, args));
    request->text = (struct buffer){0};
    /* All room at once, so that what points into it stays right: the path, all arguments, a NUL for each copy. */
    if (lws_http_get_uri_and_method(wsi, &path, &path_len) < 0)
        path_len = 0;
    int args_len = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS);
    if (!buffer_reserve(&request->text, (size_t)(path_len > 0 ? path_len : 0) + (size_t)args_len + 2))
        return false;
    request->method = request_read_method(request, wsi);
    request_read_header(wsi, WSI_TOKEN_ORIGIN, request->origin, sizeof request->origin);
    request_read_custom_header(wsi, "last-event-id:", request->last_event_id, sizeof request->last_event_id);
    request_read_body_size(request, wsi);
    if (request_read_args(request, wsi))
        return true;
    request_fini(request);
    return false;
}

void request_fini(struct request *request)
{
    buffer_fini(&request->text);
}
