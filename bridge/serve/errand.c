/*
 * errand.c - an exchange that has a session.
 */
#include "errand.h"

#include "answer.h"
#include "parking.h"
#include "parts.h"

#include <stddef.h>
#include <stdlib.h>

void errand_free(struct errand *errand)
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
    if (errand->session.who && errand->on_body) /* else it is parked, or was refused */
        errand->on_body(errand);
}

static const struct exchange_ops errand_exchange_ops = {.on_body = errand_on_body, .on_gone = errand_on_gone};

struct errand *errand_new(struct server *server, const struct incoming_kind *kind,
                          void (*on_body)(struct errand *errand), struct request *request)
{
    struct errand *errand = calloc(1, sizeof *errand);
    if (!errand)
        return NULL;
    errand->server = server;
    errand->kind = kind;
    errand->on_body = on_body;
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
