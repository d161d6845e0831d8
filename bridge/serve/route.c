/*
 * route.c - looks up the server's own routes first, then those of its config; any other path is not found.
 */
#include "route.h"

#include "answer.h"
#include "handshake.h"
#include "history.h"
#include "http/request.h"
#include "parts.h"
#include "publish.h"
#include "sse.h"

#include <stdio.h>

#define READ (METHOD_READ | METHOD_OPTIONS)
#define WRITE (METHOD_POST | METHOD_OPTIONS)

/* --- the table ---------------------------------------------------------------------------------------------------- */

static void route_answer_events(void *arg, struct request *request)
{
    incoming_open(arg, &sse_incoming, request);
}

static void route_answer_publish(void *arg, struct request *request)
{
    incoming_open(arg, &publish_incoming, request);
}

static void route_answer_history(void *arg, struct request *request)
{
    incoming_open(arg, &history_incoming, request);
}

static const struct route route_own[] = {
    {"/events", READ, true, route_answer_events, NULL},
    {"/publish", WRITE, true, route_answer_publish, NULL},
    {"/history", READ, true, route_answer_history, NULL},
    {"/ws", READ, true, handshake_refuse_plain, NULL},
};

const struct route *route_find(const struct route *routes, unsigned count, struct bytes path)
{
    for (unsigned i = 0; i < count; i++)
        if (bytes_is(path, routes[i].path))
            return &routes[i];
    return NULL;
}

const struct route *route_find_own(struct bytes path)
{
    return route_find(route_own, sizeof route_own / sizeof *route_own, path);
}

/* --- answering ---------------------------------------------------------------------------------------------------- */

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

/* If a body may follow that nothing reads, close the connection rather than wait for it. */
static bool route_must_close(const struct request *request)
{
    bool may_have_body = request->method & (METHOD_POST | METHOD_OTHER);
    return request->length > 0 || request->is_chunked || (may_have_body && !request->has_length);
}

static void route_refuse(struct request *request, struct refusal refusal)
{
    struct response response = {.is_last = request->is_broken || route_must_close(request)};
    answer_refusal(request, response, refusal);
}

static void route_refuse_method(const struct route *route, struct request *request)
{
    char allow[ROUTE_ALLOW_MAX];
    struct response response = {.allow = allow, .is_last = route_must_close(request)};
    route_allow_print(allow, route->methods);
    answer_refusal(request, response, refusal_of(PROBLEM_METHOD_NOT_ALLOWED));
}

static void route_answer_options(const struct server *server, const struct route *route, struct request *request)
{
    char allow[ROUTE_ALLOW_MAX];
    struct response response = {
        .status = 200, .type = CONTENT_JSON, .allow = allow, .is_last = route_must_close(request)};
    if (route->is_shared) {
        response.cors = answer_cors(server->sessions.access, request->origin);
        response.cors.is_preflight = true;
    }
    route_allow_print(allow, route->methods);
    response_send(request, &response);
}

void route_request(struct server *server, struct request *request)
{
    const struct route *own = route_find_own(request->path);
    const struct route *route =
        own ? own : route_find(server->config.routes, server->config.route_count, request->path);
    bool has_body = request->length > 0 || request->is_chunked;
    if (request->is_broken)
        route_refuse(request, refusal_because(PROBLEM_BAD_REQUEST, "a URL may not contain line breaks"));
    else if (has_body && (request->method & METHOD_READ))
        route_refuse(request, refusal_because(PROBLEM_BAD_REQUEST, "GET and HEAD requests may not have a body"));
    else if (!route)
        route_refuse(request,
                     refusal_about(PROBLEM_NOT_FOUND,
                                   "no such path: %s; clients use /events, /ws, /publish and /history", request->path));
    else if (!(request->method & route->methods))
        route_refuse_method(route, request);
    else if (request->method == METHOD_OPTIONS)
        route_answer_options(server, route, request);
    else
        route->answer(own ? server : route->arg, request);
}
