/*
 * connection.c - one pointer in lws's socket, and back.
 */
#include "connection.h"

#include "eventlib.h"
#include "server.h"

void connection_open(struct connection *connection, const struct connection_ops *ops, struct transport *transport,
                     struct lws *wsi)
{
    connection->ops = ops;
    connection->transport = transport;
    connection->wsi = wsi;
    connection->is_waiting = eventlib_is_waiting(transport->eventlib, wsi);
    LIST_INIT(&connection->pendings);
    lws_set_opaque_user_data(wsi, connection);
}

void connection_shut(struct connection *connection)
{
    pending_drop_all(&connection->transport->pendings, &connection->pendings);
    lws_set_opaque_user_data(connection->wsi, NULL);
    connection->wsi = NULL;
}

void connection_on_wait(struct lws *wsi, bool is_waiting)
{
    struct connection *connection = connection_of(wsi);
    if (connection)
        connection->is_waiting = is_waiting;
}

struct connection *connection_of(struct lws *wsi)
{
    return lws_get_opaque_user_data(wsi);
}
