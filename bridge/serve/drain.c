/*
 * drain.c - ends every stream, and waits until nothing is left to do.
 *
 * The drain is over when no connection waits to be accepted, all streams have ended, and all requests and publishes are
 * answered. A connection that was accepted a moment ago may not have sent its request yet: to disconnect it now would
 * drop a request that is on its way, so such connections get PATIENCE_MS.
 */
#include "drain.h"

#include "base/log.h"
#include "base/loop.h"
#include "broker/publish.h"
#include "http/http.h"
#include "parts.h"
#include "stream.h"

#include <stdlib.h>

#define PATIENCE_MS 250 /* with connections that have sent nothing: by then, no request is on its way */

struct drain {
    struct timer *timer;    /* the time limit; when the drain is over, it is set to 0, to call fn from the loop */
    struct timer *patience; /* PATIENCE_MS; then is_impatient */
    bool is_impatient;
    void (*fn)(void *arg);
    void *arg;
    bool is_done;
};

static void drain_on_timer(void *arg)
{
    struct server *server = arg;
    struct drain *drain = server->drain;
    if (!drain->is_done)
        log_warn(
            "drain_timeout",
            "connections=%u requests=%u publishes=%u hint=\"they did not end in time and were cut; raise BRIDGE_DRAIN\"",
            server->streams, http_exchanges(server->http), broker_publishing(server->sessions.broker));
    drain->is_done = true;
    drain->fn(drain->arg); /* may free the server */
}

static void drain_on_patience_lost(void *arg)
{
    struct server *server = arg;
    server->drain->is_impatient = true; /* drain_check() sees it at the end of this turn */
}

void drain_begin(struct server *server, uint64_t within_ms, void (*fn)(void *arg), void *arg)
{
    struct drain *drain = calloc(1, sizeof *drain);
    CHECK(!server->drain && drain);
    *drain = (struct drain){.timer = timer_new(server->loop, drain_on_timer, server),
                            .patience = timer_new(server->loop, drain_on_patience_lost, server),
                            .fn = fn,
                            .arg = arg};
    CHECK(drain->timer && drain->patience);
    server->drain = drain;
    http_shut(server->http);
    timer_start(drain->timer, within_ms);
    timer_start(drain->patience, PATIENCE_MS);
    log_info("drain", "connections=%u requests=%u publishes=%u", server->streams, http_exchanges(server->http),
             broker_publishing(server->sessions.broker));
    parking_close(&server->parking);
    stream_drain_all(server);
    loop_again(server->loop);
}

/* Is anything left to do? */
static bool drain_has_more(struct server *server)
{
    return !http_is_shut(server->http) || server->streams > 0 || http_exchanges(server->http) > 0 ||
           broker_publishing(server->sessions.broker) > 0 ||
           (http_silent(server->http) > 0 && !server->drain->is_impatient);
}

void drain_check(struct server *server)
{
    struct drain *drain = server->drain;
    if (!drain || drain->is_done || drain_has_more(server))
        return;
    drain->is_done = true;
    timer_start(drain->timer, 0);
}

void drain_free(struct server *server)
{
    if (!server->drain)
        return;
    timer_free(server->drain->timer);
    timer_free(server->drain->patience);
    free(server->drain);
    server->drain = NULL;
}
