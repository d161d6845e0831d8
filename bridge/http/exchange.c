/*
 * exchange.c - the answer waits for lws's next WRITEABLE, because only from lws's own callbacks can a transaction be
 * completed and the socket go on to its next request.
 */
#include "exchange.h"

#include "response.h"
#include "server.h"

#include <stdlib.h>
#include <string.h>

#define PATIENCE_S 60 /* for an answer; the broker's own deadlines are shorter */

struct exchange *exchange_new(struct transport *transport, struct lws *wsi, const struct request *request,
                              const struct connection_ops *ops)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return NULL;
    connection_open(&exchange->connection, ops, transport, wsi);
    transport->exchanges++;
    memcpy(exchange->origin, request->origin, sizeof exchange->origin);
    exchange->length = request->length;
    exchange->is_head = request->method == METHOD_HEAD;
    return exchange;
}

static void exchange_free(struct exchange *exchange)
{
    exchange->connection.transport->exchanges--;
    connection_shut(&exchange->connection);
    buffer_fini(&exchange->body);
    buffer_fini(&exchange->names);
    buffer_fini(&exchange->answer);
    free(exchange);
}

void exchange_on_closed(struct connection *connection)
{
    exchange_free((struct exchange *)connection);
}

static int exchange_send_answer(struct exchange *exchange, struct transport *transport, struct lws *wsi)
{
    struct response response = {.status = exchange->status,
                                .type = CONTENT_JSON,
                                .origin = exchange->origin,
                                .retry_after_s = exchange->retry_after_s,
                                .is_head = exchange->is_head,
                                .is_last = exchange->is_surplus};
    buffer_append(&exchange->answer, "", 1); /* a NUL for the error's message */
    if (exchange->answer.failed)
        return -1;
    if (exchange->error_code)
        return response_send_error(transport, wsi, response, exchange->error_code, exchange->answer.data);
    response.body = exchange->answer.data;
    response.len = exchange->answer.len - 1;
    return response_send(transport, wsi, &response);
}

int exchange_on_writable(struct connection *connection)
{
    struct exchange *exchange = (struct exchange *)connection;
    struct transport *transport = connection->transport;
    struct lws *wsi = connection->wsi;
    if (exchange->status == 0)
        return 0;
    int result = exchange_send_answer(exchange, transport, wsi);
    exchange_free(exchange);
    return result;
}

void exchange_answer(struct exchange *exchange, unsigned status)
{
    exchange->status = status;
    lws_set_timeout(exchange->connection.wsi, PENDING_TIMEOUT_USER_REASON_BASE, PATIENCE_S);
    lws_callback_on_writable(exchange->connection.wsi);
}

void exchange_refuse(struct exchange *exchange, unsigned status, const char *code, const char *message)
{
    exchange->error_code = code;
    buffer_clear(&exchange->answer);
    buffer_append_text(&exchange->answer, message);
    exchange_answer(exchange, status);
}
