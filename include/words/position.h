/*
 * position.h - a place in the single order of all entries in one Redis: `<ms>-<seq>`, a Redis stream id.
 */
#ifndef WORDS_POSITION_H
#define WORDS_POSITION_H

#include "base/bytes.h"
#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct position {
    uint64_t ms;
    uint64_t seq;
};

#define POSITION_TEXT_MAX 42 /* two numbers of 20 digits, a dash, a NUL */

/* The beginning: before all entries. A cursor here asks for everything that is kept and never has a gap. */
#define POSITION_BEGIN ((struct position){0, 0})

/* <0, 0, >0 as a is before, at or after b. */
static inline int position_compare(struct position a, struct position b)
{
    if (a.ms != b.ms)
        return a.ms < b.ms ? -1 : 1;
    if (a.seq != b.seq)
        return a.seq < b.seq ? -1 : 1;
    return 0;
}

static inline struct position position_max(struct position a, struct position b)
{
    return position_compare(a, b) < 0 ? b : a;
}

static inline struct position position_min(struct position a, struct position b)
{
    return position_compare(a, b) < 0 ? a : b;
}

static inline bool position_is_begin(struct position p)
{
    return p.ms == 0 && p.seq == 0;
}

/* Parse `<ms>-<seq>`, or `<ms>` meaning `<ms>-0`. false for anything else, numbers above 64 bits included. */
MUST_CHECK bool position_parse(struct bytes text, struct position *out);

/* Write it as text; returns the length without the NUL. */
size_t position_print(char out[static POSITION_TEXT_MAX], struct position p);
#define POSITION_TEXT(p) position_text((char[POSITION_TEXT_MAX]){0}, (p))
const char *position_text(char out[static POSITION_TEXT_MAX], struct position p);

#endif
