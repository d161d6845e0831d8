/*
 * server.c - creates a server, passes requests on to its parts, and frees it.
 */
#include "serve/server.h"

#include "base/loop.h"
#include "drain.h"
#include "handshake.h"
#include "http/http.h"
#include "parts.h"
#include "route.h"
#include "stream.h"
#include "ws.h"

#include <stdlib.h>
#include <unistd.h>

static void server_on_request(void *arg, struct request *request)
{
    route_request(arg, request);
}

static void server_on_upgrade(void *arg, struct request *request)
{
    (void)arg;
    handshake_check(request);
}

static void server_on_websocket(void *arg, struct request *request)
{
    ws_open(arg, request);
}

static const struct http_handlers server_handlers = {
    .request = server_on_request,
    .upgrade = server_on_upgrade,
    .websocket = server_on_websocket,
};

static void server_on_turn_end(void *arg)
{
    drain_check(arg);
}

static bool server_listen(struct server *server)
{
    /* Clients that ask for none get the first. */
    static const char *const subprotocols[] = {WS_SUBPROTOCOL_JSON, WS_SUBPROTOCOL_RAW, NULL};
    const struct http_config config = {
        .listening = server->config.listening,
        .tls_cert = server->config.tls_cert,
        .tls_key = server->config.tls_key,
        .subprotocols = subprotocols,
        .max_connections = server->config.max_connections,
    };
    server->http = http_new(server->loop, &config, &server_handlers, server);
    if (!server->http)
        return false;
    server->config.max_connections = http_max_connections(server->http);
    return true;
}

struct server *server_new(struct loop *loop, struct broker *broker, const struct server_config *config)
{
    struct server *server = calloc(1, sizeof *server);
    if (!server) {
        close(config->listening);
        return NULL;
    }
    server->loop = loop;
    server->config = *config;
    server->sessions = (struct sessions){
        .broker = broker,
        .access = config->access,
        .default_channels = config->default_channels,
        .max_channels = config->max_channels,
        .max_payload = config->max_payload,
    };
    server->tick = timer_new(loop, stream_tick, server);
    bool has_parking = parking_init(&server->parking, loop, config->access, config->max_connections);
    if (!server_listen(server) || !server->tick || !has_parking) {
        server_free(server);
        return NULL;
    }
    loop_on_turn_end(loop, server_on_turn_end, server);
    return server;
}

void server_drain(struct server *server, uint64_t within_ms, void (*fn)(void *arg), void *arg)
{
    drain_begin(server, within_ms, fn, arg);
}

void server_status(const struct server *server, struct server_status *out)
{
    *out = (struct server_status){
        .is_draining = server->drain,
        .connections = server->streams,
        .parked = server->parking.count,
        .stalled = server->stalled,
    };
    memcpy(out->ended, server->ended, sizeof out->ended);
}

void server_free(struct server *server)
{
    if (!server)
        return;
    http_free(server->http); /* each stream's on_closed is called */
    CHECK(server->streams == 0);
    parking_fini(&server->parking);
    drain_free(server);
    timer_free(server->tick);
    buffer_fini(&server->scratch);
    free(server);
}
