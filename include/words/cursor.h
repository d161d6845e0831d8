/*
 * cursor.h - how far everything that a browser asked for has been given.
 *
 * Story     A position is a place in the order of one shard, which is one Redis. A browser may listen to channels of
 *           several shards, and none of them waits for another. So a cursor has a base, up to which everything has been
 *           given on every shard, and a part for each shard on which more has been given. On one Redis there are no
 *           parts, and a cursor reads and prints as its position does.
 *
 *     cursor   = position [ "~" layout 1*part ]
 *     layout   = num                            ; the serial of the layout by which shards are numbered
 *     part     = num num num                    ; shard, ms - base.ms, seq; shards ascend, places are beyond the base
 *     num      = *more last                     ; base 32, most significant digit first, no leading zero, below 2^64
 *     alphabet = 0-9 a-z A-Z - _                ; values 0 to 63: 32 and above count 32 less, and more digits follow
 *
 *           1795640735697-3~g0047Ln0fxwMn2 says, by layout 16: everything has been given up to 1795640735697-4 on shard
 *           0, 1795640736200-0 on shard 7, 1795640769000-2 on shard 15, 1795640735697-3 on all others.
 *
 * Promise   A text stands for one cursor and a cursor for one text, but for a position without parts, which may leave
 *           out its seq and have leading zeros. All characters are good in headers, URLs and cookies as they are.
 * Owns      nothing, but it is large (some 1.5 KB): a parsed one does not outlive the start of what it was parsed for.
 */
#ifndef WORDS_CURSOR_H
#define WORDS_CURSOR_H

#include "base/bytes.h"
#include "base/check.h"
#include "words/position.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CURSOR_SHARDS_MAX 64 /* their numbers are below */
#define CURSOR_TEXT_MAX 1025 /* the longest text, a NUL */
#define CURSOR_PARTS_MAX CURSOR_SHARDS_MAX

struct cursor_part {
    unsigned shard;
    struct position place; /* beyond the base */
};

struct cursor {
    struct position base;
    uint64_t layout; /* by which the parts number their shards; without parts it means nothing */
    unsigned count;
    struct cursor_part parts[CURSOR_PARTS_MAX]; /* `count` of them, by shard; the others hold nothing */
};

/* --- birth -------------------------------------------------------------------------------------------------------- */

/* On every shard, everything up to this position has been given. Cheap: no part is touched. */
static inline void cursor_init(struct cursor *cursor, struct position base)
{
    cursor->base = base;
    cursor->layout = 0;
    cursor->count = 0;
}

/* Copy what is in use. */
void cursor_copy(struct cursor *to, const struct cursor *from);

/* Read a text of at most 1024 bytes. A position, or its ms alone, is read as position_parse() does. With parts there is
 * exactly one good spelling, that of cursor_print(). false for anything else; *out then holds nothing. */
MUST_CHECK bool cursor_parse(struct bytes text, struct cursor *out);

/* --- what it says ------------------------------------------------------------------------------------------------- */

/* Up to where everything has been given on this shard: its part, or else the base. */
struct position cursor_place(const struct cursor *cursor, unsigned shard);

/* Has nothing been given anywhere? It asks for all that is kept. */
static inline bool cursor_is_begin(const struct cursor *cursor)
{
    return cursor->count == 0 && position_is_begin(cursor->base);
}

/* Do both say the same, by the same layout? Then their texts are equal too. */
bool cursor_equal(const struct cursor *a, const struct cursor *b);

/* Is all that b says was given also said by a, on each of so many shards? Parts of another layout than b's say nothing
 * beyond their base, so that it may answer false where it can't be told. */
bool cursor_covers(const struct cursor *a, const struct cursor *b, unsigned shards);

/* --- moving on ---------------------------------------------------------------------------------------------------- */

/* Number shards by this layout from now on. Parts of another are dropped, since nobody can say where those shards are
 * now: what was given beyond the base may be given again, and nothing is lost. */
void cursor_use_layout(struct cursor *cursor, uint64_t layout);

/* On this shard, everything up to `place` has been given. Nothing changes where that is said already. */
void cursor_advance(struct cursor *cursor, unsigned shard, struct position place);

/* On every shard, everything up to `base` has been given. Nothing changes where that is said already. */
void cursor_raise_base(struct cursor *cursor, struct position base);

/* --- text --------------------------------------------------------------------------------------------------------- */

/* Write it as text; the length without the NUL comes back. Where 1024 bytes do not hold all parts, the last are left
 * out: the text then says less, so that something may be given again and nothing is lost. */
size_t cursor_print(char out[static CURSOR_TEXT_MAX], const struct cursor *cursor);
#define CURSOR_TEXT(cursor) cursor_text((char[CURSOR_TEXT_MAX]){0}, (cursor))
const char *cursor_text(char out[static CURSOR_TEXT_MAX], const struct cursor *cursor);

#endif
