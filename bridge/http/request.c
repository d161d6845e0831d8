/*
 * request.c - copies a request from lws, which has split the query at & and decoded it: one "fragment" per argument.
 */
#include "request.h"

#include <libwebsockets.h>
#include <stdlib.h>

#define LAST_EVENT_ID "last-event-id:" /* no lws token: looked up by name, in lower case, with the colon */
#define SUBPROTOCOLS_MAX 126           /* bytes; lws (4.3.5) itself reads no more */
#define CONTENT_LENGTH_MAX 31

/* --- arguments ---------------------------------------------------------------------------------------------------- */

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

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* Where the next text of a request goes. */
struct request_text {
    struct lws *wsi;
    char *at, *end;
};

static struct bytes request_trim(struct bytes bytes)
{
    while (bytes.len > 0 && (bytes.data[0] == ' ' || bytes.data[0] == '\t'))
        bytes = bytes_skip(bytes, 1);
    while (bytes.len > 0 && (bytes.data[bytes.len - 1] == ' ' || bytes.data[bytes.len - 1] == '\t'))
        bytes.len--;
    return bytes;
}

/* The text that lws has just copied; "?" if it could not copy it, or if it is longer than `most`. */
static struct bytes request_keep(struct request_text *text, int copied, size_t most)
{
    struct bytes kept = {text->at, copied > 0 ? strlen(text->at) : 0};
    if (copied < 0 || kept.len > most)
        return BYTES("?");
    text->at += kept.len;
    return request_trim(kept);
}

static struct bytes request_read_header(struct request_text *text, enum lws_token_indexes token, size_t most)
{
    return request_keep(text, lws_hdr_copy(text->wsi, text->at, (int)(text->end - text->at), token), most);
}

static struct bytes request_read_last_event_id(struct request_text *text)
{
    int name_len = sizeof LAST_EVENT_ID - 1, copied = 0;
    if (lws_hdr_custom_length(text->wsi, LAST_EVENT_ID, name_len) > 0)
        copied = lws_hdr_custom_copy(text->wsi, text->at, (int)(text->end - text->at), LAST_EVENT_ID, name_len);
    return request_keep(text, copied, REQUEST_LAST_EVENT_ID_MAX);
}

/* lws (4.3.5: atoll) may accept a Content-Length that is not a number, so that counts as a body of unknown length. */
static void request_read_body_size(struct request *request, struct request_text *text)
{
    struct bytes length = request_read_header(text, WSI_TOKEN_HTTP_CONTENT_LENGTH, CONTENT_LENGTH_MAX);
    request->is_chunked = lws_hdr_total_length(text->wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
    request->has_length = bytes_number_capped(length, UINT64_MAX, &request->length);
    if (!request->has_length && length.len > 0)
        request->length = UINT64_MAX;
}

static enum method request_method(int method)
{
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

static void request_read_path(struct request *request, struct request_text *text)
{
    char *path = NULL;
    int len = 0;
    request->method = request_method(lws_http_get_uri_and_method(text->wsi, &path, &len));
    request->path = (struct bytes){text->at, path && len > 0 ? (size_t)len : 0};
    if (request->path.len > 0)
        memcpy(text->at, path, request->path.len);
    text->at += request->path.len;
}

/* false: more arguments than REQUEST_ARGS_MAX */
static bool request_read_args(struct request *request, struct request_arg *args, struct request_text *text)
{
    request->args = args;
    for (int i = 0;; i++) {
        int room = (int)(text->end - text->at);
        int len = lws_hdr_copy_fragment(text->wsi, text->at, room, WSI_TOKEN_HTTP_URI_ARGS, i);
        if (len < 0)
            return true;
        if (len == 0)
            continue;
        if (request->arg_count == REQUEST_ARGS_MAX)
            return false;
        struct request_arg *arg = &args[request->arg_count++];
        bytes_split((struct bytes){text->at, (size_t)len}, '=', &arg->name, &arg->value);
        text->at += len;
    }
}

/* lws (4.3.5) takes a %0a or %0d in the request line for its end, so the HTTP version is wrong or missing. */
static bool request_is_broken(struct lws *wsi)
{
    char version[16];
    return lws_hdr_copy(wsi, version, sizeof version, WSI_TOKEN_HTTP) != 8 || memcmp(version, "HTTP/1.", 7) != 0;
}

/* The length of all texts together, plus one: lws writes a NUL after each text that it copies. */
static size_t request_text_len(struct lws *wsi)
{
    char *path = NULL;
    int path_len = 0;
    if (lws_http_get_uri_and_method(wsi, &path, &path_len) < 0)
        path_len = 0;
    int id_len = lws_hdr_custom_length(wsi, LAST_EVENT_ID, sizeof LAST_EVENT_ID - 1);
    return (size_t)(path_len > 0 ? path_len : 0) + (size_t)(id_len > 0 ? id_len : 0) +
           (size_t)lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS) +
           (size_t)lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) + (size_t)lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) +
           (size_t)lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) + 1;
}

bool request_init(struct request *request, struct request_arg args[static REQUEST_ARGS_MAX], struct http *http,
                  struct lws *wsi)
{
    size_t len = request_text_len(wsi);
    *request = (struct request){.http = http, .wsi = wsi, .text = malloc(len)};
    if (!request->text)
        return false;
    struct request_text text = {wsi, request->text, request->text + len};
    request_read_path(request, &text);
    request->is_broken = request_is_broken(wsi);
    request->origin = request_read_header(&text, WSI_TOKEN_ORIGIN, REQUEST_ORIGIN_MAX);
    request->subprotocols = request_read_header(&text, WSI_TOKEN_PROTOCOL, SUBPROTOCOLS_MAX);
    request->last_event_id = request_read_last_event_id(&text);
    request_read_body_size(request, &text);
    if (request_read_args(request, args, &text))
        return true;
    request_fini(request);
    return false;
}

void request_fini(struct request *request)
{
    free(request->text);
    request->text = NULL;
}

/* --- copies ------------------------------------------------------------------------------------------------------- */

static struct bytes request_copy_bytes(char **at, struct bytes from)
{
    struct bytes copy = {*at, from.len};
    if (from.len > 0)
        memcpy(*at, from.data, from.len);
    *at += from.len;
    return copy;
}

static size_t request_copied_len(const struct request *request)
{
    size_t len = request->path.len + request->origin.len + request->last_event_id.len + request->subprotocols.len;
    for (unsigned i = 0; i < request->arg_count; i++)
        len += request->args[i].name.len + request->args[i].value.len;
    return len;
}

/* One allocation: the request, its arguments, its text. */
struct request *request_copy(const struct request *request)
{
    size_t args_size = request->arg_count * sizeof *request->args;
    struct request *copy = malloc(sizeof *copy + args_size + request_copied_len(request));
    if (!copy)
        return NULL;
    struct request_arg *args = (struct request_arg *)(copy + 1);
    char *at = (char *)args + args_size;
    *copy = *request;
    copy->http = NULL;
    copy->wsi = NULL;
    copy->text = NULL;
    copy->args = args;
    copy->path = request_copy_bytes(&at, request->path);
    copy->origin = request_copy_bytes(&at, request->origin);
    copy->last_event_id = request_copy_bytes(&at, request->last_event_id);
    copy->subprotocols = request_copy_bytes(&at, request->subprotocols);
    for (unsigned i = 0; i < request->arg_count; i++) {
        args[i].name = request_copy_bytes(&at, request->args[i].name);
        args[i].value = request_copy_bytes(&at, request->args[i].value);
    }
    return copy;
}

void request_free(struct request *copy)
{
    free(copy);
}
