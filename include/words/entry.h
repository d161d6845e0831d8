/*
 * entry.h - one recorded (or ephemeral) message: immutable, reference-counted, shared by all that hold or send it.
 *
 * Owns      its bytes and its encodings: each wire format is encoded once, when it is first needed, and cached.
 * Lives     from entry_new() until the last entry_unref().
 */
#ifndef WORDS_ENTRY_H
#define WORDS_ENTRY_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/check.h"
#include "words/gap.h"
#include "words/position.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor;

#define ENTRY_FORMATS 5 /* how many encodings an entry can cache; wire/format.h numbers the formats from 0 */

struct entry {
    unsigned refs;
    bool is_text;                                 /* the payload is UTF-8 */
    bool is_marker;                               /* it stands for messages that could not be recorded: see marker.h */
    enum gap_reason reason;                       /* of a marker */
    struct position position;                     /* 0-0: ephemeral, never recorded */
    struct position previous;                     /* the position before this one in the channel */
    const char *channel, *event, *from, *payload; /* NUL-terminated for convenience; event and from "" if absent */
    size_t channel_len, event_len, from_len, payload_len;
    struct buffer encoded[ENTRY_FORMATS];
};

/* What entry_new() copies. An absent field has a length of 0, and its data may be NULL. */
struct entry_source {
    struct position position;
    struct position previous; /* the position before this one in the channel */
    struct bytes channel, event, from, payload;
};

/* A new entry with one reference; all bytes are copied. NULL: no memory. */
MUST_CHECK struct entry *entry_new(const struct entry_source *source);
struct entry *entry_ref(struct entry *entry);
/* NULL is fine. */
void entry_unref(struct entry *entry);

/* Append the entry in this wire format to `out`. `cursor`: what to send as its id; NULL: its position. entry_encoded()
 * calls it without a cursor, once per entry and format (again only if memory ran out). */
typedef void (*entry_encode_fn)(unsigned format, const struct entry *entry, const struct cursor *cursor,
                                struct buffer *out);

/* The entry in a wire format, encoded by the first call; NULL: no memory. Borrowed from the entry. */
const struct buffer *entry_encoded(struct entry *entry, unsigned format, entry_encode_fn encode);

/* What a marker tells; without a cursor. */
struct gap entry_gap(const struct entry *marker);

/* Bytes of memory that the entry takes, without its encodings. */
size_t entry_size(const struct entry *entry);

#endif
