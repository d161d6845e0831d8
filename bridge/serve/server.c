/*
 * server.c - birth and death of the transport.
 */
#include "server.h"

#include "base/loop.h"
#include "drain.h"
#include "handshake.h"
#include "http/http.h"
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

static bool server_listen(struct transport *transport)
{
    /* The first one is also for WebSockets that ask for none. */
    static const char *const subprotocols[] = {WS_SUBPROTOCOL_JSON, WS_SUBPROTOCOL_RAW, NULL};
    const struct http_config config = {
        .listening = transport->config.listening,
        .tls_cert = transport->config.tls_cert,
        .tls_key = transport->config.tls_key,
        .subprotocols = subprotocols,
        .max_connections = transport->config.max_connections,
    };
    transport->http = http_new(transport->loop, &config, &server_handlers, transport);
    if (!transport->http)
        return false;
    transport->config.max_connections = http_max_connections(transport->http);
    return true;
}

struct transport *transport_new(struct loop *loop, struct broker *broker, const struct transport_config *config)
{
    struct transport *transport = calloc(1, sizeof *transport);
    if (!transport) {
        close(config->listening);
        return NULL;
    }
    transport->loop = loop;
    transport->config = *config;
    transport->sessions = (struct sessions){
        .broker = broker,
        .access = config->access,
        .default_channels = config->default_channels,
        .max_channels = config->max_channels,
        .max_payload = config->max_payload,
    };
    route_set_own(transport->routes, transport);
    transport->tick = timer_new(loop, stream_tick, transport);
    bool has_parking = parking_init(&transport->parking, loop, config->access);
    if (!server_listen(transport) || !transport->tick || !has_parking) {
        transport_free(transport);
        return NULL;
    }
    loop_on_turn_end(loop, server_on_turn_end, transport);
    return transport;
}

void transport_status(const struct transport *transport, struct transport_status *out)
{
    *out = (struct transport_status){
        .is_draining = transport->drain,
        .connections = transport->streams,
        .parked = transport->parking.count,
        .stalled = transport->stalled,
    };
    memcpy(out->ended, transport->ended, sizeof out->ended);
}

void transport_free(struct transport *transport)
{
    if (!transport)
        return;
    http_free(transport->http); /* each stream hears that it is closed */
    CHECK(transport->streams == 0);
    parking_fini(&transport->parking);
    drain_free(transport);
    timer_free(transport->tick);
    buffer_fini(&transport->scratch);
    free(transport);
}
