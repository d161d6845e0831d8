/*
 * health.c - answers the health checks of load balancers.
 */
#include "health.h"

#include "base/buffer.h"
#include "board.h"
#include "broker/broker.h"
#include "http/response.h"
#include "recorder/recorder.h"
#include "redis/remedy.h"
#include "serve/server.h"
#include "wire/json_string.h"

#include <stdio.h>

#define REASON_MAX 256
#define EVICTING "Redis may delete history early: set its maxmemory-policy to noeviction"

static void health_send(struct request *request, unsigned status, struct buffer *body)
{
    struct response response = {.status = status, .type = CONTENT_JSON};
    if (!body->failed)
        response.body = (struct bytes){body->data, body->len};
    response_send(request, &response);
    buffer_fini(body);
}

void health_answer_alive(void *arg, struct request *request)
{
    struct buffer body = {0};
    (void)arg;
    buffer_append_text(&body, "{\"status\":\"ok\",\"version\":");
    wire_json_string(&body, BYTES(BRIDGE_VERSION));
    buffer_append_text(&body, "}\n");
    health_send(request, 200, &body);
}

/* Why this instance should get no traffic; "" if it should. */
static const char *health_reason_against(const struct health *health, const struct server_status *server,
                                         const struct broker_status *broker, const struct recorder_status *recorder,
                                         char out[static REASON_MAX])
{
    const char *missing = board_missing(health->board);
    if (server->is_draining)
        return "this instance is shutting down";
    if (!broker->is_ready)
        snprintf(out, REASON_MAX, "%s", broker->reason);
    else if (recorder->refusal)
        snprintf(out, REASON_MAX, "Redis refuses the recorder's calls: %s", remedy_words((unsigned)recorder->refusal));
    else
        snprintf(out, REASON_MAX, "%s", missing ? missing : "");
    return out;
}

void health_answer_ready(void *arg, struct request *request)
{
    const struct health *health = arg;
    struct server_status server;
    struct broker_status broker;
    struct recorder_status recorder;
    struct buffer body = {0};
    server_status(health->server, &server);
    broker_status(health->broker, &broker);
    board_recorder(health->board, &recorder);
    const char *reason = health_reason_against(health, &server, &broker, &recorder, (char[REASON_MAX]){0});
    bool is_ready = !*reason;
    buffer_printf(&body, "{\"ready\":%s,\"reasons\":[", is_ready ? "true" : "false");
    if (!is_ready)
        wire_json_string(&body, bytes_of(reason));
    buffer_append_text(&body, "],\"warnings\":[");
    if (recorder.is_evicting)
        wire_json_string(&body, BYTES(EVICTING));
    buffer_printf(&body, "],\"watermark\":\"%s\",\"connections\":%u}\n", POSITION_TEXT(broker.watermark),
                  server.connections);
    health_send(request, is_ready ? 200 : 503, &body);
}
