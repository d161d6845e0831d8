/*
 * incoming.c - a request that is answered at once needs no memory here; any other gets an errand, which also holds it
 *              while it is parked.
 */
#include "incoming.h"

#include "answer.h"
#include "http/request.h"
#include "parking.h"
#include "parts.h"

#include <stdlib.h>

/* --- answers ------------------------------------------------------------------------------------------------------ */

static struct cors incoming_cors(const struct incoming *incoming)
{
    return answer_cors(incoming->server->sessions.access, incoming->request->origin);
}

void incoming_answer(struct incoming *incoming, struct response response)
{
    response.cors = incoming_cors(incoming);
    if (incoming->fresh)
        response_send(incoming->fresh, &response);
    else
        exchange_answer(&incoming->errand->exchange, &response);
}

void incoming_refuse(struct incoming *incoming, struct refusal refusal, bool is_last)
{
    struct response response = {.cors = incoming_cors(incoming), .is_last = is_last};
    if (incoming->fresh)
        answer_refusal(incoming->fresh, response, refusal);
    else
        answer_refusal_later(&incoming->errand->exchange, response, refusal);
}

bool incoming_stream(struct incoming *incoming, struct connection *connection, const struct connection_ops *ops,
                     struct response head)
{
    head.cors = incoming_cors(incoming);
    if (incoming->fresh)
        return connection_open_stream(connection, ops, incoming->fresh, &head);
    if (!exchange_open_stream(&incoming->errand->exchange, connection, ops, &head))
        return false;
    errand_free(incoming->errand);
    incoming->errand = NULL;
    return true;
}

struct errand *incoming_wait(struct incoming *incoming, const struct session_ops *ops)
{
    struct errand *errand = incoming->errand;
    if (incoming->fresh)
        errand = errand_new(incoming->server, incoming->kind, incoming->kind->on_body, incoming->fresh);
    if (errand)
        session_init(&errand->session, &incoming->server->sessions, incoming->who, ops, &errand->exchange.connection);
    return errand;
}

/* --- the access check --------------------------------------------------------------------------------------------- */

static void incoming_enter(struct incoming *incoming, const struct access_answer *answer)
{
    incoming->who = answer->who;
    if (answer->refusal.problem)
        incoming->kind->refuse(incoming, answer->refusal);
    else
        incoming->kind->enter(incoming);
}

static void incoming_on_known(void *owner, const struct request *request, const struct access_answer *answer)
{
    struct errand *errand = owner;
    struct incoming incoming = {.server = errand->server, .kind = errand->kind, .request = request, .errand = errand};
    errand->parked = NULL;
    incoming_enter(&incoming, answer);
}

static void incoming_park(struct incoming *incoming, uint64_t ticket)
{
    struct errand *errand = errand_new(incoming->server, incoming->kind, incoming->kind->on_body, incoming->fresh);
    if (!errand)
        return;
    errand->parked = parking_park(&incoming->server->parking, ticket, incoming->request, incoming_on_known, errand);
    if (!errand->parked)
        errand_fail(errand);
}

void incoming_open(struct server *server, const struct incoming_kind *kind, struct request *request)
{
    struct incoming incoming = {.server = server, .kind = kind, .request = request, .fresh = request};
    struct refusal refusal = kind->check ? kind->check(server, request) : REFUSAL_NONE;
    struct access_answer answer;
    uint64_t ticket;
    if (refusal.problem)
        kind->refuse(&incoming, refusal);
    else if (parking_ask(&server->parking, &answer, &ticket))
        incoming_enter(&incoming, &answer);
    else
        incoming_park(&incoming, ticket);
}
