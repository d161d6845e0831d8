/*
 * outgoing.h - what the kernel holds of what a socket was given.
 */
#ifndef HTTP_OUTGOING_H
#define HTTP_OUTGOING_H

#include "http/written.h"

#include <stdbool.h>

/*
 * Of a listening socket: connections that it brings keep this much that can't be sent, before they are full. By itself
 * the kernel keeps 4 MB for a browser that does not read, and we would take it for one that does.
 */
void outgoing_limit(int listener);

/* For connection_progress(). */
bool outgoing_progress(int fd, struct progress *out);

/* When it is closed, what the kernel still holds for it is dropped, and the other end is told so (RST). */
void outgoing_drop(int fd);

#endif
