/*
 * position.c - positions from and to text.
 */
#include "words/position.h"

#include <inttypes.h>
#include <stdio.h>

bool position_parse(struct bytes text, struct position *out)
{
    struct position p = {0, 0};
    struct bytes ms, seq;
    bool has_seq = bytes_split(text, '-', &ms, &seq);
    /* A longer text would have leading zeros. */
    if (text.len >= POSITION_TEXT_MAX || !bytes_number(ms, UINT64_MAX, &p.ms))
        return false;
    if (has_seq && !bytes_number(seq, UINT64_MAX, &p.seq))
        return false;
    *out = p;
    return true;
}

size_t position_print(char out[static POSITION_TEXT_MAX], struct position p)
{
    return (size_t)snprintf(out, POSITION_TEXT_MAX, "%" PRIu64 "-%" PRIu64, p.ms, p.seq);
}

const char *position_text(char out[static POSITION_TEXT_MAX], struct position p)
{
    position_print(out, p);
    return out;
}
