/*
 * pipe_tls.c - libwebsockets writes, since it has the keys.
 *
 * libwebsockets wants its users to ask for writability before each write: two epoll_ctl and a turn of the loop per
 * delivery. According to its source (4.3.5), lws_write() is a send() with a heap list behind it. What the socket does
 * not take is copied there, in order, and goes out before anything else; WRITEABLE comes when the list is empty. So it
 * is safe to write at any time between the response's head and the close, and enough to check afterwards whether bytes
 * were buffered (lws_partial_buffered: a pointer comparison; lws_send_pipe_choked would be a poll() each time).
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
