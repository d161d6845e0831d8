/*
 * bytes.h - a borrowed run of bytes: a name, a payload, a header, anything that came from outside.
 *
 * Promise   Nothing here reads beyond `len`, and nothing needs a NUL at the end. No call allocates. Bytes that a
 *           function returns point into its argument, and are valid for as long.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const char *data; /* not NUL-terminated if it comes from a message; may be NULL if len is 0 */
    size_t len;
};

/* A string literal, without its NUL. */
#define BYTES(literal) ((struct bytes){"" literal, sizeof(literal) - 1})

/* A NUL-terminated text, without its NUL. */
static inline struct bytes bytes_of(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

/* --- comparing ---------------------------------------------------------------------------------------------------- */

/* Is it this text? */
bool bytes_is(struct bytes bytes, const char *text);

/* Does it begin with this text? */
bool bytes_begins(struct bytes bytes, const char *text);

bool bytes_equal(struct bytes a, struct bytes b);

/* --- taking apart ------------------------------------------------------------------------------------------------- */

/* Without the first n bytes; empty if there are fewer. */
static inline struct bytes bytes_skip(struct bytes bytes, size_t n)
{
    if (n > bytes.len)
        n = bytes.len;
    return (struct bytes){bytes.data + n, bytes.len - n};
}

/* If it begins with this text, skip the text and return true. Else change nothing and return false. */
MUST_CHECK bool bytes_take(struct bytes *bytes, const char *text);

/* Split at the first separator, which is in neither part. If there is none, return false: `before` is then everything
 * and `after` is empty. */
bool bytes_split(struct bytes bytes, char separator, struct bytes *before, struct bytes *after);

/* The same at the last separator. */
bool bytes_split_last(struct bytes bytes, char separator, struct bytes *before, struct bytes *after);

/* Take the next word off the front: the bytes before the first separator, which is dropped, or else everything. */
struct bytes bytes_word(struct bytes *rest, char separator);

/* --- decimals ----------------------------------------------------------------------------------------------------- */

/* Is it one or more digits, and nothing else? */
bool bytes_is_digits(struct bytes bytes);

/* Read a number from 0 to `most`: digits only, no sign and no space; leading zeros are fine. For anything else, return
 * false and leave *out as it was. */
MUST_CHECK bool bytes_number(struct bytes bytes, uint64_t most, uint64_t *out);

/* The same, but a greater number is read as `most`. */
MUST_CHECK bool bytes_number_capped(struct bytes bytes, uint64_t most, uint64_t *out);

#endif
