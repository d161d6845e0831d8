/*
 * bytes.h - a run of bytes that somebody else owns: a name, a payload, a header, whatever came from outside.
 *
 * Promise   Nothing here reads beyond `len`, and nothing needs a NUL at the end. No call allocates.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const char *data; /* not NUL-terminated where it comes from a message */
    size_t len;
};

/* A text of our own, without its NUL. */
static inline struct bytes bytes_of(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

/* Is it this text? */
bool bytes_is(struct bytes bytes, const char *text);

/* Does it begin with this text? */
bool bytes_begins(struct bytes bytes, const char *text);

/* Is it a decimal number, all of it? Digits alone; false where there are none, or more than 64 bits hold. */
MUST_CHECK bool bytes_number(struct bytes bytes, uint64_t *out);

#endif
