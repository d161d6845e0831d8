/*
 * buffer.h - bytes that grow.
 *
 * Story     What goes to a socket needs writable room in front of it (libwebsockets puts frame headers there), so every
 *           buffer keeps BUFFER_HEADROOM bytes before its data.
 * Fails     An allocation that fails makes the buffer `failed`: further appends do nothing, and the one who built it
 *           looks once, at the end.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>

#define BUFFER_HEADROOM 16

struct buffer {
    char *data;  /* first byte, with BUFFER_HEADROOM bytes before it; NULL while nothing was appended */
    size_t len;  /* bytes in use */
    size_t cap;  /* bytes that fit without growing */
    bool failed; /* an allocation failed, the content is not whole */
};

/* Make room for `more` bytes and answer where they go; NULL if there is no memory. Does not change len. */
char *buffer_reserve(struct buffer *b, size_t more);
void buffer_append(struct buffer *b, const void *bytes, size_t len);
void buffer_append_text(struct buffer *b, const char *text);
void buffer_printf(struct buffer *b, const char *format, ...) PRINTF_LIKE(2, 3);

/* Empty it, keep its memory; it is not failed any more. */
void buffer_clear(struct buffer *b);
/* Give the memory back; the buffer is empty and usable again. */
void buffer_fini(struct buffer *b);

#endif
