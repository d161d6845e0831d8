/*
 * pipe.h - how a connection's bytes are written, chosen when it is opened: straight to the socket, or through TLS.
 */
#ifndef HTTP_PIPE_H
#define HTTP_PIPE_H

#include "http/written.h"

#include <stdbool.h>
#include <stddef.h>

struct connection;

struct pipe {
    /* For connection_write(). */
    enum written (*write)(struct connection *connection, char *bytes, size_t len);
    /* The same, but more bytes follow at once, and these may wait for them. */
    enum written (*write_head)(struct connection *connection, char *bytes, size_t len);
    /* Are there buffered bytes? */
    bool (*is_holding)(const struct connection *connection);
};

extern const struct pipe pipe_plain, pipe_tls;

#endif
