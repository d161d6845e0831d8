/*
 * entry.h - one recorded message, immutable and shared by everyone who holds or sends it.
 *
 * Owns      its bytes, and what it looks like on the wire: each wire format is encoded once, at first need, and kept.
 * Lives     from entry_new() until the last entry_unref().
 */
#ifndef WORDS_ENTRY_H
#define WORDS_ENTRY_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/check.h"
#include "words/position.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor;

#define ENTRY_FORMATS 5 /* how many wire formats an entry can keep; wire/format.h numbers them from 0 */

struct entry {
    unsigned refs;
    bool is_text;                                 /* the payload is UTF-8 */
    struct position position;                     /* 0-0: ephemeral, never recorded */
    struct position previous;                     /* the position before this one in the channel */
    const char *channel, *event, *from, *payload; /* NUL-terminated for convenience; event and from "" where absent */
    size_t channel_len, event_len, from_len, payload_len;
    struct buffer encoded[ENTRY_FORMATS];
};

/* What entry_new() copies. What is absent has a length of 0, and data that may be NULL. */
struct entry_source {
    struct position position;
    struct position previous; /* the position before this one in the channel */
    struct bytes channel, event, from, payload;
};

/* A new entry with one count, all bytes copied. NULL: no memory. */
MUST_CHECK struct entry *entry_new(const struct entry_source *source);
struct entry *entry_ref(struct entry *entry);
/* NULL is fine. */
void entry_unref(struct entry *entry);

/* Append the entry in this wire format to `out`. `cursor`: what its id is to say; NULL: its position. Without a cursor it
 * is called once per entry and format, at first need (again only where memory ran out). */
typedef void (*entry_encode_fn)(unsigned format, const struct entry *entry, const struct cursor *cursor,
                                struct buffer *out);

/* The entry in a wire format; NULL: no memory. Borrowed from the entry. */
const struct buffer *entry_encoded(struct entry *entry, unsigned format, entry_encode_fn encode);

/* Bytes of memory it takes, encodings aside. */
size_t entry_size(const struct entry *entry);

#endif
