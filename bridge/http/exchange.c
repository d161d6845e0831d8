/*
 * exchange.c - the answer waits for lws's next WRITEABLE callback: only within lws's own callbacks can a transaction be
 * completed, so that the socket goes on to its next request.
 */
#include "exchange.h"

#include "connection.h"
#include "http/request.h"
#include "response.h"
#include "state.h"

#include <libwebsockets.h>
#include <stdlib.h>

#define PATIENCE_S 60 /* for the socket to take the answer */

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void exchange_fini(struct exchange *exchange)
{
    exchange->http->exchanges--;
    buffer_fini(&exchange->origin_text);
    buffer_fini(&exchange->body);
    buffer_fini(&exchange->answer);
}

static void exchange_end(struct exchange *exchange)
{
    exchange_fini(exchange);
    exchange->ops->on_gone(exchange);
}

static void exchange_on_closed(struct connection *connection)
{
    exchange_end((struct exchange *)connection);
}

/* --- the body ----------------------------------------------------------------------------------------------------- */

static struct bytes exchange_body(const struct exchange *exchange)
{
    return exchange->body.len > 0 ? (struct bytes){exchange->body.data, exchange->body.len} : BYTES("");
}

static void exchange_hand_on(struct exchange *exchange)
{
    exchange->is_whole = true;
    if (exchange->body.failed)
        connection_kill(&exchange->connection);
    else if (exchange->ops->on_body)
        exchange->ops->on_body(exchange, exchange_body(exchange));
}

/*
 * lws (4.3.5) passes on all that it has read, including what follows the announced length: a pipelined request. HTTP
 * allows that, but no browser does it, and lws has lost count by then; so the excess is dropped, and the connection is
 * closed after the answer.
 */
static void exchange_on_piece(struct connection *connection, const struct piece *piece)
{
    struct exchange *exchange = (struct exchange *)connection;
    size_t missing = (size_t)exchange->length - exchange->body.len;
    exchange->is_last |= piece->len > missing;
    if (exchange->is_whole)
        return;
    buffer_append(&exchange->body, piece->bytes, piece->len < missing ? piece->len : missing);
    if (piece->len >= missing || exchange->body.failed)
        exchange_hand_on(exchange);
}

static const struct connection_ops exchange_connection_ops = {
    .on_piece = exchange_on_piece,
    .on_closed = exchange_on_closed,
};

/* --- the request -------------------------------------------------------------------------------------------------- */

bool exchange_open(struct exchange *exchange, const struct exchange_ops *ops, struct request *request)
{
    bool has_no_body = (request->method & (METHOD_GET | METHOD_HEAD)) && request->length == 0 && !request->is_chunked;
    struct buffer origin = {0};
    buffer_append(&origin, request->origin.data, request->origin.len);
    if (origin.failed)
        return false;
    *exchange = (struct exchange){.ops = ops,
                                  .http = request->http,
                                  .origin_text = origin,
                                  .origin = {origin.data, origin.len},
                                  .length = request->length,
                                  .is_head = request->method == METHOD_HEAD};
    connection_init(&exchange->connection, &exchange_connection_ops, request->http, request->wsi);
    request->http->exchanges++;
    request->is_settled = true;
    if (has_no_body) /* frees lws's copy of the headers, some 33 KB */
        lws_http_headers_detach(request->wsi);
    return true;
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

void exchange_answer(struct exchange *exchange, const struct response *response)
{
    struct response whole = *response;
    struct lws *wsi = exchange->connection.wsi;
    whole.is_last = exchange->is_last |= response->is_last;
    if (!response_format(&exchange->answer, wsi, &whole, exchange->is_head)) {
        connection_kill(&exchange->connection);
        return;
    }
    exchange->connection.state = CONNECTION_ANSWERED;
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, PATIENCE_S);
    lws_callback_on_writable(wsi);
}

int exchange_send(struct exchange *exchange)
{
    int result = response_write(exchange->connection.wsi, &exchange->answer, exchange->is_last);
    connection_fini(&exchange->connection);
    exchange_end(exchange);
    return result;
}

bool exchange_open_stream(struct exchange *exchange, struct connection *connection, const struct connection_ops *ops,
                          const struct response *head)
{
    struct lws *wsi = exchange->connection.wsi;
    if (connection_begin(connection, ops, exchange->http, wsi, head)) {
        connection->number = exchange->connection.number;
        exchange_fini(exchange);
        return true;
    }
    lws_set_opaque_user_data(wsi, &exchange->connection);
    connection_kill(&exchange->connection);
    return false;
}
