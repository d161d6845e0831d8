/*
 * drain.c - transport_drain(), and waiting for its end.
 *
 * It is over when nobody waits to be let in, all streams have ended, and all that was asked is answered. Who was let in a
 * moment ago may not have asked yet: what it has to say is on its way, and it would be hung up on without a word.
 */
#include "drain.h"

#include "base/log.h"
#include "base/loop.h"
#include "broker/publish.h"
#include "http/http.h"
#include "server.h"
#include "stream.h"

#include <stdlib.h>

#define PATIENCE_MS 250 /* with newcomers that say nothing: what they ask is on its way, or they have nothing to ask */

struct drain {
    struct timer *timer;    /* the longest that it may take; then, the way out */
    struct timer *patience; /* with newcomers */
    bool is_impatient;
    void (*fn)(void *arg);
    void *arg;
    bool is_done;
};

static void drain_on_timer(void *arg)
{
    struct transport *transport = arg;
    struct drain *drain = transport->drain;
    if (!drain->is_done)
        log_warn("drain_timeout", "connections=%u requests=%u publishes=%u", transport->streams,
                 http_exchanges(transport->http), broker_publishing(transport->sessions.broker));
    drain->is_done = true;
    drain->fn(drain->arg); /* may free the transport */
}

static void drain_on_patience_lost(void *arg)
{
    struct transport *transport = arg;
    transport->drain->is_impatient = true; /* the end of this turn looks at it */
}

void transport_drain(struct transport *transport, uint64_t within_ms, void (*fn)(void *arg), void *arg)
{
    struct drain *drain = calloc(1, sizeof *drain);
    CHECK(!transport->drain && drain);
    *drain = (struct drain){.timer = timer_new(transport->loop, drain_on_timer, transport),
                            .patience = timer_new(transport->loop, drain_on_patience_lost, transport),
                            .fn = fn,
                            .arg = arg};
    CHECK(drain->timer && drain->patience);
    transport->drain = drain;
    http_shut(transport->http);
    timer_start(drain->timer, within_ms);
    timer_start(drain->patience, PATIENCE_MS);
    log_info("drain", "connections=%u requests=%u publishes=%u", transport->streams, http_exchanges(transport->http),
             broker_publishing(transport->sessions.broker));
    parking_close(&transport->parking);
    stream_drain_all(transport);
    loop_again(transport->loop);
}

/* Is there something left to do? */
static bool drain_is_due(struct transport *transport)
{
    return !http_is_shut(transport->http) || transport->streams > 0 || http_exchanges(transport->http) > 0 ||
           broker_publishing(transport->sessions.broker) > 0 ||
           (http_silent(transport->http) > 0 && !transport->drain->is_impatient);
}

void drain_check(struct transport *transport)
{
    struct drain *drain = transport->drain;
    if (!drain || drain->is_done || drain_is_due(transport))
        return;
    drain->is_done = true;
    timer_start(drain->timer, 0);
}

void drain_free(struct transport *transport)
{
    if (!transport->drain)
        return;
    timer_free(transport->drain->timer);
    timer_free(transport->drain->patience);
    free(transport->drain);
    transport->drain = NULL;
}
