/*
 * pipe_plain.c - send(2), as long as lws has nothing buffered.
 *
 * What lws_write() does around its send() costs 5 % of a delivery. So while lws has nothing buffered (it is not waiting
 * for the socket), we call send() ourselves. Bytes that the socket does not take go to lws, as with TLS, and so does
 * everything else until those are out.
 */
#include "pipe.h"

#include "http/connection.h"

#include <sys/socket.h>
#include <sys/types.h>

/* If the socket takes only a part, or fails, lws finds out why when it writes the remaining bytes. */
static enum written pipe_plain_send(struct connection *connection, char *bytes, size_t len, int flags)
{
    if (connection->is_waiting)
        return pipe_tls.write(connection, bytes, len);
    ssize_t taken = send(connection->fd, bytes, len, MSG_NOSIGNAL | flags);
    if (taken == (ssize_t)len)
        return WRITTEN_ALL;
    size_t skip = taken > 0 ? (size_t)taken : 0;
    return pipe_tls.write(connection, bytes + skip, len - skip);
}

static enum written pipe_plain_write(struct connection *connection, char *bytes, size_t len)
{
    return pipe_plain_send(connection, bytes, len, 0);
}

/* The kernel waits up to 0.2 s for more bytes, tcp(7). */
static enum written pipe_plain_write_head(struct connection *connection, char *bytes, size_t len)
{
    return pipe_plain_send(connection, bytes, len, MSG_MORE);
}

static bool pipe_plain_is_holding(const struct connection *connection)
{
    return connection->is_waiting && pipe_tls.is_holding(connection);
}

const struct pipe pipe_plain = {
    .write = pipe_plain_write,
    .write_head = pipe_plain_write_head,
    .is_holding = pipe_plain_is_holding,
};
