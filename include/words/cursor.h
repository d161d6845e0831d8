/*
 * cursor.h - the point up to which a browser has been given everything that it asked for.
 *
 * Story     A position is a place in the order of one shard, which is one Redis. A browser may listen to channels of
 *           several shards, and no shard waits for another. So a cursor has a base, up to which everything has been
 *           given on every shard, and a part for each shard on which more has been given. With one Redis there are no
 *           parts, and a cursor is parsed and printed as its position is.
 *
 *     cursor   = position [ "~" layout 1*part ]
 *     layout   = num                            ; the serial number of the layout that numbers the shards
 *     part     = num num num                    ; shard, ms - base.ms, seq; shards ascend, places are beyond the base
 *     num      = *more last                     ; base 32, most significant digit first, no leading zero, below 2^64
 *     alphabet = 0-9 a-z A-Z - _                ; values 0 to 63: 32 + n stands for n, and more digits follow
 *
 *           1795640735697-3~g0047Ln0fxwMn2 says, in layout 16: everything has been given up to 1795640735697-4 on shard
 *           0, 1795640736200-0 on shard 7, 1795640769000-2 on shard 15, 1795640735697-3 on all others.
 *
 * Promise   Each text is one cursor and each cursor has one text, except that without parts the seq may be left out and
 *           leading zeros are accepted. No character needs escaping in headers, URLs or cookies.
 * Owns      nothing, but it is large (about 1.5 KB): a parsed cursor is kept only until the subscriber or query that it
 *           was parsed for has started.
 */
#ifndef WORDS_CURSOR_H
#define WORDS_CURSOR_H

#include "base/bytes.h"
#include "base/check.h"
#include "words/position.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CURSOR_SHARDS_MAX 64 /* shard numbers are below this */
#define CURSOR_TEXT_MAX 1025 /* the longest text and a NUL */
#define CURSOR_PARTS_MAX CURSOR_SHARDS_MAX

struct cursor_part {
    unsigned shard;
    struct position place; /* beyond the base */
};

struct cursor {
    struct position base;
    uint64_t layout; /* the numbering of the shards in the parts; without parts it means nothing */
    unsigned count;
    struct cursor_part parts[CURSOR_PARTS_MAX]; /* `count` of them, ordered by shard; the others are undefined */
};

/* --- creating ----------------------------------------------------------------------------------------------------- */

/* On every shard, everything up to this position has been given. Cheap: no part is touched. */
static inline void cursor_init(struct cursor *cursor, struct position base)
{
    cursor->base = base;
    cursor->layout = 0;
    cursor->count = 0;
}

/* Copy only the parts that are in use. */
void cursor_copy(struct cursor *to, const struct cursor *from);

/* Parse a text of at most 1024 bytes. Without parts it is read as position_parse() does. With parts, only the spelling
 * of cursor_print() is accepted. false for anything else; *out is then undefined. */
MUST_CHECK bool cursor_parse(struct bytes text, struct cursor *out);

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* Up to where everything has been given on this shard: the place of its part, or else the base. */
struct position cursor_place(const struct cursor *cursor, unsigned shard);

/* Has nothing been given on any shard? Such a cursor asks for everything that is kept. */
static inline bool cursor_is_begin(const struct cursor *cursor)
{
    return cursor->count == 0 && position_is_begin(cursor->base);
}

/* Are the base and the parts (and, with parts, the layout) the same? Then the texts are equal too. */
bool cursor_equal(const struct cursor *a, const struct cursor *b);

/* Has a reached at least as far as b on each of `shards` shards? If b has parts and a has another layout, only a's base
 * counts, so the result may be false although a has reached as far. */
bool cursor_covers(const struct cursor *a, const struct cursor *b, unsigned shards);

/* --- moving on ---------------------------------------------------------------------------------------------------- */

/* Number shards by this layout from now on. If it is another one, the parts are dropped, because their shard numbers
 * mean nothing in the new layout: entries beyond the base may be given again, but none is lost. */
void cursor_use_layout(struct cursor *cursor, uint64_t layout);

/* On this shard, everything up to `place` has been given. No effect if the cursor is there already, or further. */
void cursor_advance(struct cursor *cursor, unsigned shard, struct position place);

/* On every shard, everything up to `base` has been given. No effect if the base is there already, or further. */
void cursor_raise_base(struct cursor *cursor, struct position base);

/* --- text --------------------------------------------------------------------------------------------------------- */

/* Write it as text; returns the length without the NUL. If 1024 bytes do not hold all parts, the last ones are left
 * out: after a resume from that text, entries may be given again, but none is lost. */
size_t cursor_print(char out[static CURSOR_TEXT_MAX], const struct cursor *cursor);
#define CURSOR_TEXT(cursor) cursor_text((char[CURSOR_TEXT_MAX]){0}, (cursor))
const char *cursor_text(char out[static CURSOR_TEXT_MAX], const struct cursor *cursor);

#endif
