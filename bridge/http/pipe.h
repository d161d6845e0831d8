/*
 * pipe.h - what writes the bytes of a connection, chosen at its birth: straight to the socket, or through TLS.
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
    /* The same, and more is to come at once: it may wait for that. */
    enum written (*write_head)(struct connection *connection, char *bytes, size_t len);
    /* Is something held back? */
    bool (*is_holding)(const struct connection *connection);
};

extern const struct pipe pipe_plain, pipe_tls;

#endif
