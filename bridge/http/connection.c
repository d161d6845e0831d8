/*
 * connection.c - a connection and its lws socket point at each other; lws does the closing, from the loop.
 *
 *     connection_close ── lws_callback_on_writable ──► connection_on_writable ── -1 ──► lws closes
 *     connection_kill ─── a timeout that is due at once ─────────────────────────────► lws closes
 *
 * lws closes sockets only from the loop, never from within lws_write(), so a connection is never freed while its owner
 * writes to it.
 */
#include "connection.h"

#include "base/log.h"
#include "eventlib.h"
#include "http/request.h"
#include "outgoing.h"
#include "pipe.h"
#include "response.h"
#include "state.h"

#include <inttypes.h>
#include <libwebsockets.h>
#include <stdio.h>

/* --- attaching to the socket, detaching --------------------------------------------------------------------------- */

struct connection *connection_of(struct lws *wsi)
{
    return lws_get_opaque_user_data(wsi);
}

void connection_init(struct connection *connection, const struct connection_ops *ops, struct http *http,
                     struct lws *wsi)
{
    *connection = (struct connection){
        .pipe = http->pipe,
        .wsi = wsi,
        .fd = lws_get_socket_fd(wsi),
        .is_waiting = eventlib_is_waiting(http->eventlib, wsi),
        .state = CONNECTION_OPEN,
        .ops = ops,
        .number = ++http->last_number,
    };
    lws_set_opaque_user_data(wsi, connection);
}

void connection_fini(struct connection *connection)
{
    lws_set_opaque_user_data(connection->wsi, NULL);
    connection->wsi = NULL;
}

void connection_open(struct connection *connection, const struct connection_ops *ops, struct request *request)
{
    connection_init(connection, ops, request->http, request->wsi);
    request->is_settled = true;
}

bool connection_begin(struct connection *connection, const struct connection_ops *ops, struct http *http,
                      struct lws *wsi, const struct response *head)
{
    struct buffer out = {0};
    bool is_begun = response_format_endless(&out, wsi, head);
    if (is_begun) {
        connection_init(connection, ops, http, wsi);
        is_begun = connection->pipe->write_head(connection, out.data, out.len) != WRITTEN_FAILED;
    }
    buffer_fini(&out);
    if (is_begun)
        lws_http_mark_sse(wsi); /* lws frees what it has of the request, and stops its own timeouts */
    return is_begun;
}

bool connection_open_stream(struct connection *connection, const struct connection_ops *ops, struct request *request,
                            const struct response *head)
{
    request->is_settled = connection_begin(connection, ops, request->http, request->wsi, head);
    if (!request->is_settled)
        lws_set_opaque_user_data(request->wsi, NULL);
    return request->is_settled;
}

const char *connection_subprotocol(const struct connection *connection)
{
    return lws_get_protocol(connection->wsi)->name;
}

const char *connection_id(char out[static CONNECTION_ID_MAX], const struct connection *connection)
{
    snprintf(out, CONNECTION_ID_MAX, "%016" PRIx64, connection->number);
    return out;
}

/* --- writing, reading, ending ------------------------------------------------------------------------------------- */

enum written connection_write(struct connection *connection, char *bytes, size_t len)
{
    return connection->pipe->write(connection, bytes, len);
}

bool connection_is_holding(const struct connection *connection)
{
    return connection->pipe->is_holding(connection);
}

bool connection_progress(const struct connection *connection, struct progress *out)
{
    return outgoing_progress(connection->fd, out);
}

void connection_pause_reading(struct connection *connection)
{
    lws_rx_flow_control(connection->wsi, 0);
}

void connection_resume_reading(struct connection *connection)
{
    lws_rx_flow_control(connection->wsi, 1);
}

void connection_close(struct connection *connection, unsigned code, const char *reason)
{
    if (connection->state >= CONNECTION_CLOSING)
        return;
    connection->state = CONNECTION_CLOSING;
    connection->close_code = (unsigned short)code;
    connection->close_reason = reason;
    lws_callback_on_writable(connection->wsi);
}

void connection_kill(struct connection *connection)
{
    connection->state = CONNECTION_DEAD;
    lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

void connection_reset(struct connection *connection)
{
    outgoing_drop(connection->fd);
    connection_kill(connection);
}

/* --- what lws reports --------------------------------------------------------------------------------------------- */

void connection_on_wait(struct lws *wsi, bool is_waiting)
{
    struct connection *connection = connection_of(wsi);
    if (connection)
        connection->is_waiting = is_waiting;
}

void connection_on_mute(struct lws *wsi, int fd)
{
    const struct connection *connection = wsi ? connection_of(wsi) : NULL;
    log_debug("descriptor_muted", "connection=%s fd=%d", connection ? CONNECTION_ID(connection) : "-", fd);
}

/*
 * To close a WebSocket, lws sends a close frame and waits up to 5 s for the browser's. Meanwhile it goes on reporting
 * that the socket is writable. A second -1 would close the socket at once; with input unread that is a TCP reset, and
 * the browser would never see the code and reason.
 */
static int connection_finish(struct connection *connection)
{
    connection->state = CONNECTION_CLOSED;
    if (connection->close_code != 0)
        lws_close_reason(connection->wsi, (enum lws_close_status)connection->close_code,
                         (unsigned char *)connection->close_reason, strlen(connection->close_reason));
    return -1;
}

int connection_on_writable(struct connection *connection)
{
    if (!connection)
        return 0;
    switch ((enum connection_state)connection->state) {
    case CONNECTION_OPEN:
        if (connection->ops->on_writable && !connection_is_holding(connection))
            connection->ops->on_writable(connection);
        break;
    case CONNECTION_ANSWERED: /* exchange_send() handles it */
        break;
    case CONNECTION_CLOSING:
        return connection_finish(connection);
    case CONNECTION_CLOSED:
        break;
    case CONNECTION_DEAD:
        return -1;
    }
    return 0;
}

static void connection_hand_up(struct connection *connection, const struct piece *piece)
{
    if (connection->ops->on_piece && connection->state < CONNECTION_CLOSING)
        connection->ops->on_piece(connection, piece);
}

int connection_on_body(struct connection *connection, char *bytes, size_t len)
{
    if (connection)
        connection_hand_up(connection, &(struct piece){.bytes = bytes, .len = len});
    return 0;
}

int connection_on_message(struct connection *connection, char *bytes, size_t len)
{
    if (!connection)
        return 0;
    struct piece piece = {
        .bytes = bytes,
        .len = len,
        .missing = lws_remaining_packet_payload(connection->wsi),
        .is_first = lws_is_first_fragment(connection->wsi),
        .is_final = lws_is_final_fragment(connection->wsi),
        .is_binary = lws_frame_is_binary(connection->wsi),
    };
    connection_hand_up(connection, &piece);
    return 0;
}

int connection_on_pong(struct connection *connection)
{
    if (connection && connection->ops->on_pong)
        connection->ops->on_pong(connection);
    return 0;
}

int connection_on_leaving(struct connection *connection)
{
    if (connection && connection->ops->on_leaving)
        connection->ops->on_leaving(connection);
    return 0;
}

/* Called once or twice, depending on how far the connection had come. The second call finds no connection. */
int connection_on_closed(struct connection *connection)
{
    if (!connection)
        return 0;
    connection_fini(connection);
    connection->ops->on_closed(connection);
    return 0;
}
