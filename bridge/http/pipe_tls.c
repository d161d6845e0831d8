/*
 * pipe_tls.c - libwebsockets writes, since it has the keys.
 *
 * libwebsockets would have one ask for writability before each write: two epoll_ctl and a trip through the loop per
 * delivery. Read in its source (4.3.5): lws_write() is a send() with a heap list behind it. What the socket does not
 * take is copied there, in order, and goes out before anything else; WRITEABLE comes when the list is empty. So it is
 * sound to write at any time between the response's head and the close, and enough to ask afterwards whether a rest was
 * kept (lws_partial_buffered: a pointer compare; lws_send_pipe_choked would be a poll() each).
 */
#include "pipe.h"

#include "http/connection.h"

#include <libwebsockets.h>

static bool pipe_tls_is_holding(const struct connection *connection)
{
    return lws_partial_buffered(connection->wsi);
}

static enum written pipe_tls_write(struct connection *connection, char *bytes, size_t len)
{
    if (lws_write(connection->wsi, (unsigned char *)bytes, len, LWS_WRITE_HTTP) < 0)
        return WRITTEN_FAILED;
    return pipe_tls_is_holding(connection) ? WRITTEN_HELD : WRITTEN_ALL;
}

const struct pipe pipe_tls = {
    .write = pipe_tls_write,
    .write_head = pipe_tls_write,
    .is_holding = pipe_tls_is_holding,
};
