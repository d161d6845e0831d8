/*
 * route.c - one table; what is not in it is a file, or is not there.
 */
#include "route.h"

#include "handshake.h"
#include "health.h"
#include "history.h"
#include "publish.h"
#include "response.h"
#include "server.h"
#include "sse.h"

#include <stdio.h>
#include <string.h>

#define READ (METHOD_GET | METHOD_HEAD)

static const struct route routes[] = {
    {"/events", READ, true, sse_open},
    {"/publish", METHOD_POST, true, publish_open},
    {"/history", READ, true, history_open},
    {"/ws", READ, true, handshake_refuse_plain},
    {"/healthz", READ, false, health_answer_alive},
    {"/readyz", READ, false, health_answer_ready},
    {"/metrics", READ, false, health_answer_metrics},
};

const struct route *route_find(const char *path, size_t len)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (bytes_is((struct bytes){path, len}, routes[i].path))
            return &routes[i];
    return NULL;
}

void route_allow_print(char out[static ROUTE_ALLOW_MAX], unsigned methods)
{
    static const struct {
        enum method method;
        const char *name;
    } names[] = {{METHOD_GET, "GET"}, {METHOD_HEAD, "HEAD"}, {METHOD_POST, "POST"}, {METHOD_OPTIONS, "OPTIONS"}};
    int len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (methods & names[i].method)
            len += snprintf(out + len, (size_t)(ROUTE_ALLOW_MAX - len), "%s%s", len > 0 ? ", " : "", names[i].name);
}

/* A body that nobody wants is not waited for. */
static bool route_must_close(const struct request *request)
{
    bool may_have_body = request->method & (METHOD_POST | METHOD_OTHER);
    return request->length > 0 || request->is_chunked || (may_have_body && !request->has_length);
}

static int route_refuse(struct transport *transport, struct lws *wsi, const struct request *request, unsigned status,
                        const char *code, const char *message)
{
    struct response response = {
        .status = status, .is_head = request->method == METHOD_HEAD, .is_last = route_must_close(request)};
    return response_send_error(transport, wsi, response, code, message);
}

static int route_refuse_method(struct transport *transport, struct lws *wsi, const struct request *request,
                               unsigned methods)
{
    char allow[ROUTE_ALLOW_MAX];
    struct response response = {
        .status = 405, .allow = allow, .is_head = request->method == METHOD_HEAD, .is_last = route_must_close(request)};
    route_allow_print(allow, methods);
    return response_send_error(transport, wsi, response, "method_not_allowed", "the methods are in the Allow header");
}

static int route_answer_options(struct transport *transport, struct lws *wsi, const struct request *request,
                                const struct route *route)
{
    char allow[ROUTE_ALLOW_MAX];
    struct response response = {.status = 200,
                                .type = CONTENT_JSON,
                                .allow = allow,
                                .origin = route->is_shared ? request->origin : NULL,
                                .is_preflight = route->is_shared};
    route_allow_print(allow, route->methods | METHOD_OPTIONS);
    return response_send(transport, wsi, &response);
}

static int route_answer_file(struct transport *transport, struct lws *wsi, const struct request *request)
{
    for (unsigned i = 0; i < transport->config.file_count; i++) {
        const struct transport_file *file = &transport->config.files[i];
        if (!bytes_is(request->path, file->path))
            continue;
        if (!(request->method & READ))
            return route_refuse_method(transport, wsi, request, READ);
        struct response response = {.status = 200,
                                    .type = file->content_type,
                                    .body = file->bytes,
                                    .len = file->len,
                                    .is_head = request->method == METHOD_HEAD};
        return response_send(transport, wsi, &response);
    }
    return route_refuse(transport, wsi, request, 404, "not_found", "there is nothing at this path");
}

static int route_answer(struct transport *transport, struct lws *wsi, const struct request *request)
{
    const struct route *route = route_find(request->path.data, request->path.len);
    bool has_body = request->length > 0 || request->is_chunked;
    if (has_body && (request->method & READ))
        return route_refuse(transport, wsi, request, 400, "bad_request", "a body makes no sense here");
    if (!route)
        return route_answer_file(transport, wsi, request);
    if (request->method == METHOD_OPTIONS)
        return route_answer_options(transport, wsi, request, route);
    if (!(request->method & route->methods))
        return route_refuse_method(transport, wsi, request, route->methods | METHOD_OPTIONS);
    return route->answer(transport, wsi, request);
}

int route_request(struct transport *transport, struct lws *wsi)
{
    struct request request;
    if (!request_is_whole(wsi)) {
        struct response response = {.status = 400, .is_last = true};
        return response_send_error(transport, wsi, response, "bad_request", "line ends don't belong into a URL");
    }
    if (!request_init(&request, wsi))
        return -1;
    int result = route_answer(transport, wsi, &request);
    request_fini(&request);
    return result;
}
