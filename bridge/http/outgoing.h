/*
 * outgoing.h - the bytes that were written to a socket and that the kernel still has.
 */
#ifndef HTTP_OUTGOING_H
#define HTTP_OUTGOING_H

#include "http/written.h"

#include <stdbool.h>

/*
 * For a listening socket: limit the unsent bytes that the kernel buffers for each accepted connection before its socket
 * is full. By default it buffers 4 MB for a browser that does not read, and we would believe that it does.
 */
void outgoing_limit(int listener);

/* For connection_progress(). */
bool outgoing_progress(int fd, struct progress *out);

/* When fd is closed, the kernel drops what it still has for it and sends the peer an RST. */
void outgoing_drop(int fd);

#endif
