/*
 * position.c - positions as text.
 */
#include "words/position.h"

#include <inttypes.h>
#include <stdio.h>

/* Read the digits at *text; false where there are none, or more than 64 bits hold. */
static bool position_parse_number(const char **text, const char *end, uint64_t *out)
{
    const char *at = *text;
    uint64_t number = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, *at - '0', &number))
            return false;
    if (at == *text)
        return false;
    *text = at;
    *out = number;
    return true;
}

bool position_parse(const char *text, size_t len, struct position *out)
{
    struct position p = {0, 0};
    const char *end;
    /* Longer is not a position, only many leading zeros. */
    if (!text || len >= POSITION_TEXT_MAX)
        return false;
    end = text + len;
    if (!position_parse_number(&text, end, &p.ms))
        return false;
    if (text < end && (*text++ != '-' || !position_parse_number(&text, end, &p.seq)))
        return false;
    if (text != end)
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
