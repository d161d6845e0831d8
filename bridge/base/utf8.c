/*
 * utf8.c - the well-formed sequences of RFC 3629 section 4, and no others.
 *
 *     00..7F
 *     C2..DF  80..BF
 *     E0      A0..BF  80..BF              (below: overlong)
 *     E1..EC  80..BF  80..BF
 *     ED      80..9F  80..BF              (above: surrogates)
 *     EE..EF  80..BF  80..BF
 *     F0      90..BF  80..BF  80..BF      (below: overlong)
 *     F1..F3  80..BF  80..BF  80..BF
 *     F4      80..8F  80..BF  80..BF      (above: beyond U+10FFFF)
 */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

static bool utf8_is_between(unsigned char byte, unsigned char low, unsigned char high)
{
    return byte >= low && byte <= high;
}

/* The length of the well-formed sequence at the start; 0 if there is none. */
static size_t utf8_sequence_len(const unsigned char *at, size_t left)
{
    unsigned char low = 0x80, high = 0xBF; /* of the second byte */
    size_t len;
    if (at[0] < 0x80)
        return 1;
    if (utf8_is_between(at[0], 0xC2, 0xDF))
        len = 2;
    else if (utf8_is_between(at[0], 0xE0, 0xEF))
        len = 3;
    else if (utf8_is_between(at[0], 0xF0, 0xF4))
        len = 4;
    else
        return 0;
    switch (at[0]) {
    case 0xE0:
        low = 0xA0;
        break;
    case 0xED:
        high = 0x9F;
        break;
    case 0xF0:
        low = 0x90;
        break;
    case 0xF4:
        high = 0x8F;
        break;
    }
    if (left < len || !utf8_is_between(at[1], low, high))
        return 0;
    for (size_t i = 2; i < len; i++)
        if (!utf8_is_between(at[i], 0x80, 0xBF))
            return 0;
    return len;
}

bool utf8_is_valid(const char *bytes, size_t len)
{
    const unsigned char *at = (const unsigned char *)bytes;
    while (len > 0) {
        /* Most text is ASCII: take eight bytes at once while none has its high bit set. */
        uint64_t eight;
        while (len >= sizeof eight && (memcpy(&eight, at, sizeof eight), (eight & 0x8080808080808080u) == 0)) {
            at += sizeof eight;
            len -= sizeof eight;
        }
        if (len == 0)
            break;
        size_t step = utf8_sequence_len(at, len);
        if (step == 0)
            return false;
        at += step;
        len -= step;
    }
    return true;
}

bool utf8_has_control(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)bytes[i], next = i + 1 < len ? (unsigned char)bytes[i + 1] : 0;
        /* C2 80 to C2 9F are U+0080 to U+009F, the C1 control characters. */
        if (byte < 0x20 || byte == 0x7F || (byte == 0xC2 && next < 0xA0))
            return true;
    }
    return false;
}

size_t utf8_fit(const char *bytes, size_t len, size_t most)
{
    if (len <= most)
        return len;
    while (most > 0 && ((unsigned char)bytes[most] & 0xC0) == 0x80)
        most--;
    return most;
}
