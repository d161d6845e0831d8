/*
 * bytes.h - a run of bytes that somebody else owns: a name, a payload, a header, whatever came from outside.
 *
 * Promise   Nothing here reads beyond `len`, and nothing needs a NUL at the end. No call allocates.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>

struct bytes {
    const char *data; /* not NUL-terminated where it comes from a message */
    size_t len;
};

/* Is it this text? */
bool bytes_is(struct bytes bytes, const char *text);

/* Does it begin with this text? */
bool bytes_begins(struct bytes bytes, const char *text);

#endif
