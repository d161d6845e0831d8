/*
 * buffer.c - one block per buffer: BUFFER_HEADROOM bytes, then the data. Its capacity doubles while it is small and
 * grows by half once it is large.
 */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 112 /* with the headroom, a block of 128 bytes */
#define LARGE_CAP (256 * 1024)

static char *buffer_block(const struct buffer *b)
{
    return b->data ? b->data - BUFFER_HEADROOM : NULL;
}

static bool buffer_grow(struct buffer *b, size_t needed)
{
    size_t cap = b->cap < FIRST_CAP ? FIRST_CAP : b->cap < LARGE_CAP ? b->cap * 2 : b->cap + b->cap / 2;
    if (cap < needed)
        cap = needed;
    if (cap > PTRDIFF_MAX - BUFFER_HEADROOM)
        return false;
    char *block = realloc(buffer_block(b), BUFFER_HEADROOM + cap);
    if (!block)
        return false;
    b->data = block + BUFFER_HEADROOM;
    b->cap = cap;
    return true;
}

char *buffer_reserve(struct buffer *b, size_t more)
{
    if (b->failed)
        return NULL;
    if (!b->data || more > b->cap - b->len) {
        if (more > PTRDIFF_MAX - b->len || !buffer_grow(b, b->len + more)) {
            b->failed = true;
            return NULL;
        }
    }
    return b->data + b->len;
}

void buffer_append(struct buffer *b, const void *bytes, size_t len)
{
    if (len == 0)
        return;
    char *at = buffer_reserve(b, len);
    if (!at)
        return;
    memcpy(at, bytes, len);
    b->len += len;
}

void buffer_append_text(struct buffer *b, const char *text)
{
    buffer_append(b, text, strlen(text));
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
    va_list args;
    /* First try the room that is there; vsnprintf returns the length that it needs. */
    char *at = buffer_reserve(b, 64);
    if (!at)
        return;
    va_start(args, format);
    int len = vsnprintf(at, b->cap - b->len, format, args);
    va_end(args);
    if (len < 0) {
        b->failed = true;
        return;
    }
    if ((size_t)len >= b->cap - b->len) {
        at = buffer_reserve(b, (size_t)len + 1);
        if (!at)
            return;
        va_start(args, format);
        len = vsnprintf(at, (size_t)len + 1, format, args);
        va_end(args);
    }
    b->len += (size_t)len;
}

void buffer_clear(struct buffer *b)
{
    b->len = 0;
    b->failed = false;
}

void buffer_fini(struct buffer *b)
{
    free(buffer_block(b));
    *b = (struct buffer){0};
}
