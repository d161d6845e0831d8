/*
 * buffer.h - a byte buffer that grows.
 *
 * Story     Data for a socket needs writable room in front of it (libwebsockets puts frame headers there), so every
 *           buffer keeps BUFFER_HEADROOM bytes before its data.
 * Fails     If an allocation fails, the buffer becomes `failed`: further appends do nothing, and the caller checks
 *           `failed` once, at the end.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>

#define BUFFER_HEADROOM 16

struct buffer {
    char *data;  /* first byte, with BUFFER_HEADROOM bytes before it; NULL until the first reserve or append */
    size_t len;  /* bytes in use */
    size_t cap;  /* bytes that fit without growing */
    bool failed; /* an allocation failed, so the content is incomplete */
};

/* Make room for `more` bytes and return where they go; NULL if there is no memory. Does not change len. */
char *buffer_reserve(struct buffer *b, size_t more);
void buffer_append(struct buffer *b, const void *bytes, size_t len);
void buffer_append_text(struct buffer *b, const char *text);
void buffer_printf(struct buffer *b, const char *format, ...) PRINTF_LIKE(2, 3);

/* Empty the buffer and reset `failed`, but keep the memory. */
void buffer_clear(struct buffer *b);
/* Free the memory; the buffer is then empty and can be used again. */
void buffer_fini(struct buffer *b);

#endif
