/*
 * health.c - what load balancers and people ask.
 */
#include "health.h"

#include "broker/broker.h"
#include "request.h"
#include "response.h"
#include "server.h"
#include "wire/json_string.h"

#include <string.h>

static int health_answer(struct transport *transport, struct lws *wsi, const struct request *request, unsigned status,
                         const char *type, const struct buffer *body)
{
    struct response response = {.status = status,
                                .type = type,
                                .body = body->data,
                                .len = body->failed ? 0 : body->len,
                                .is_head = request->method == METHOD_HEAD};
    return response_send(transport, wsi, &response);
}

int health_answer_alive(struct transport *transport, struct lws *wsi, const struct request *request)
{
    struct buffer body = {0};
    buffer_append_text(&body, "{\"status\":\"ok\",\"version\":");
    wire_json_string(&body, bytes_of(transport->config.version));
    buffer_append_text(&body, "}\n");
    int result = health_answer(transport, wsi, request, 200, CONTENT_JSON, &body);
    buffer_fini(&body);
    return result;
}

/* Why nobody should be sent here; "" where they should. */
static const char *health_reason_against(const struct transport *transport, const struct broker_status *status)
{
    const struct transport_config *config = &transport->config;
    if (transport->drain)
        return "this instance is draining";
    if (!status->is_ready)
        return status->reason;
    const char *missing = config->peers_missing(config->peers);
    return missing ? missing : "";
}

int health_answer_ready(struct transport *transport, struct lws *wsi, const struct request *request)
{
    struct broker_status status;
    struct buffer body = {0};
    broker_status(transport->broker, &status);
    const char *reason = health_reason_against(transport, &status);
    bool is_ready = !*reason;
    buffer_printf(&body, "{\"ready\":%s,\"reasons\":[", is_ready ? "true" : "false");
    if (!is_ready)
        wire_json_string(&body, bytes_of(reason));
    buffer_printf(&body, "],\"watermark\":\"%s\",\"connections\":%u}\n", POSITION_TEXT(status.watermark),
                  transport->wheel.count);
    int result = health_answer(transport, wsi, request, is_ready ? 200 : 503, CONTENT_JSON, &body);
    buffer_fini(&body);
    return result;
}

int health_answer_metrics(struct transport *transport, struct lws *wsi, const struct request *request)
{
    struct buffer body = {0};
    transport->config.append_metrics(transport->config.peers, &body);
    int result = health_answer(transport, wsi, request, 200, CONTENT_METRICS, &body);
    buffer_fini(&body);
    return result;
}
