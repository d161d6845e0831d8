/*
 * bytes.h - a run of bytes that somebody else owns: a name, a payload, a header, whatever came from outside.
 *
 * Promise   Nothing here reads beyond `len`, and nothing needs a NUL at the end. No call allocates. What comes back as
 *           bytes points into what was given, and lives as long.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const char *data; /* not NUL-terminated where it comes from a message; may be NULL where len is 0 */
    size_t len;
};

/* A literal; its NUL does not count. */
#define BYTES(literal) ((struct bytes){"" literal, sizeof(literal) - 1})

/* A text, without its NUL. */
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

/* Without the first n bytes; none are left where it has fewer. */
static inline struct bytes bytes_skip(struct bytes bytes, size_t n)
{
    if (n > bytes.len)
        n = bytes.len;
    return (struct bytes){bytes.data + n, bytes.len - n};
}

/* Where it begins with this text, pass over that: true. Else nothing changes. */
MUST_CHECK bool bytes_take(struct bytes *bytes, const char *text);

/* Split at the first separator, which is in neither part. false where there is none: all of it is before, nothing is
 * after. */
bool bytes_split(struct bytes bytes, char separator, struct bytes *before, struct bytes *after);

/* The same at the last separator. */
bool bytes_split_last(struct bytes bytes, char separator, struct bytes *before, struct bytes *after);

/* Take the next word off the front: what is before the first separator, which goes too, or else all that is left. */
struct bytes bytes_word(struct bytes *rest, char separator);

/* --- decimals ----------------------------------------------------------------------------------------------------- */

/* Is it a digit or more, and nothing else? */
bool bytes_is_digits(struct bytes bytes);

/* Read a number from 0 to `most`: digits alone, no sign and no space; leading zeros are fine. false for anything else,
 * and *out is as it was. */
MUST_CHECK bool bytes_number(struct bytes bytes, uint64_t most, uint64_t *out);

/* The same, but whatever is greater is read as `most`. */
MUST_CHECK bool bytes_number_capped(struct bytes bytes, uint64_t most, uint64_t *out);

#endif
