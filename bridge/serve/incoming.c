/*
 * incoming.c - a request that is answered at once costs nothing here; one that is not gets an errand, which is also what
 * it waits in while it is parked.
 */
#include "incoming.h"

#include "answer.h"
#include "http/request.h"
#include "parking.h"
#include "parts.h"

#include <stdlib.h>

/* --- errands ------------------------------------------------------------------------------------------------------ */

static void errand_free(struct errand *errand)
{
    parking_forget(&errand->server->parking, errand->parked);
    session_fini(&errand->session);
    buffer_fini(&errand->text);
    free(errand);
}

static void errand_on_gone(struct exchange *exchange)
{
    errand_free((struct errand *)exchange);
}

static void errand_on_body(struct exchange *exchange, struct bytes body)
{
    struct errand *errand = (struct errand *)exchange;
    errand->body = body;
    errand->has_body = true;
    if (errand->session.who && errand->kind->on_body) /* else it is parked, or was refused */
        errand->kind->on_body(errand);
}

static const struct exchange_ops errand_exchange_ops = {.on_body = errand_on_body, .on_gone = errand_on_gone};

/* NULL: no memory; the request is still there. */
static struct errand *errand_new(struct server *server, const struct incoming_kind *kind, struct request *request)
{
    struct errand *errand = calloc(1, sizeof *errand);
    if (!errand)
        return NULL;
    errand->server = server;
    errand->kind = kind;
    if (exchange_open(&errand->exchange, &errand_exchange_ops, request))
        return errand;
    free(errand);
    return NULL;
}

struct errand *errand_of(struct session *session)
{
    return (struct errand *)((char *)session - offsetof(struct errand, session));
}

void errand_answer(struct errand *errand, struct response response)
{
    response.cors = answer_cors(errand->server->sessions.access, errand->exchange.origin);
    exchange_answer(&errand->exchange, &response);
}

void errand_refuse(struct errand *errand, struct refusal refusal)
{
    struct response response = {.cors = answer_cors(errand->server->sessions.access, errand->exchange.origin)};
    answer_refusal_later(&errand->exchange, response, refusal);
}

void errand_fail(struct errand *errand)
{
    connection_kill(&errand->exchange.connection);
}

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
        errand = errand_new(incoming->server, incoming->kind, incoming->fresh);
    if (errand)
        session_init(&errand->session, &incoming->server->sessions, incoming->who, ops, &errand->exchange.connection);
    return errand;
}

/* --- who asks ----------------------------------------------------------------------------------------------------- */

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
    struct errand *errand = errand_new(incoming->server, incoming->kind, incoming->fresh);
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
