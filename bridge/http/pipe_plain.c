/*
 * pipe_plain.c - send(2), as long as nothing is held back.
 *
 * What lws_write() does around its send() costs 5 % of a delivery. So where lws holds nothing (it does not wait for the
 * socket) the send() is ours; what the socket does not take goes to lws, as with TLS, and so does all that comes before
 * that is out.
 */
#include "pipe.h"

#include "http/connection.h"

#include <sys/socket.h>
#include <sys/types.h>

/* Where the socket takes less than all of it, lws will find out from the rest what is the matter. */
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

/* The kernel waits for more for 0.2 s, tcp(7). */
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
