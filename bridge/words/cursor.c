/*
 * cursor.c - a base and the shards that are ahead of it; from and to text.
 *
 * A part exists only if its place is beyond the base, and parts are ordered by shard. So a cursor has one spelling, and
 * cursors that mean the same are equal part by part.
 */
#include "words/cursor.h"

#include <string.h>

#define NUM_TEXT_MAX 13 /* 64 bits in digits of 5 bits */
#define PART_TEXT_MAX (3 * NUM_TEXT_MAX)
#define DIGIT_MORE 32 /* digits of this value or above are not the last one */

static const char cursor_alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* The index of the shard's part; if it has none, where that part would be inserted. */
static unsigned cursor_find_part(const struct cursor *cursor, unsigned shard)
{
    unsigned at = 0;
    while (at < cursor->count && cursor->parts[at].shard < shard)
        at++;
    return at;
}

static bool cursor_has_part(const struct cursor *cursor, unsigned at, unsigned shard)
{
    return at < cursor->count && cursor->parts[at].shard == shard;
}

void cursor_copy(struct cursor *to, const struct cursor *from)
{
    cursor_init(to, from->base);
    to->layout = from->layout;
    to->count = from->count;
    memcpy(to->parts, from->parts, from->count * sizeof *from->parts);
}

struct position cursor_place(const struct cursor *cursor, unsigned shard)
{
    unsigned at = cursor_find_part(cursor, shard);
    return cursor_has_part(cursor, at, shard) ? cursor->parts[at].place : cursor->base;
}

bool cursor_equal(const struct cursor *a, const struct cursor *b)
{
    if (position_compare(a->base, b->base) != 0 || a->count != b->count)
        return false;
    if (a->count > 0 && a->layout != b->layout)
        return false;
    for (unsigned i = 0; i < a->count; i++)
        if (a->parts[i].shard != b->parts[i].shard || position_compare(a->parts[i].place, b->parts[i].place) != 0)
            return false;
    return true;
}

bool cursor_covers(const struct cursor *a, const struct cursor *b, unsigned shards)
{
    bool is_comparable = a->layout == b->layout || b->count == 0;
    for (unsigned shard = 0; shard < shards; shard++) {
        struct position known = is_comparable ? cursor_place(a, shard) : a->base;
        if (position_compare(known, cursor_place(b, shard)) < 0)
            return false;
    }
    return true;
}

/* --- moving on ---------------------------------------------------------------------------------------------------- */

void cursor_use_layout(struct cursor *cursor, uint64_t layout)
{
    if (cursor->layout != layout)
        cursor->count = 0;
    cursor->layout = layout;
}

void cursor_advance(struct cursor *cursor, unsigned shard, struct position place)
{
    unsigned at = cursor_find_part(cursor, shard);
    CHECK(shard < CURSOR_SHARDS_MAX);
    if (position_compare(place, cursor_place(cursor, shard)) <= 0)
        return;
    if (!cursor_has_part(cursor, at, shard)) {
        memmove(&cursor->parts[at + 1], &cursor->parts[at], (cursor->count - at) * sizeof *cursor->parts);
        cursor->count++;
    }
    cursor->parts[at] = (struct cursor_part){shard, place};
}

void cursor_raise_base(struct cursor *cursor, struct position base)
{
    unsigned kept = 0;
    if (position_compare(base, cursor->base) <= 0)
        return;
    cursor->base = base;
    for (unsigned i = 0; i < cursor->count; i++)
        if (position_compare(cursor->parts[i].place, base) > 0)
            cursor->parts[kept++] = cursor->parts[i];
    cursor->count = kept;
}

/* --- from text ---------------------------------------------------------------------------------------------------- */

/* -1: not a digit */
static int cursor_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 36;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* Take a num (see cursor.h) off the front of the text. */
static bool cursor_take_num(struct bytes *text, uint64_t *out)
{
    uint64_t num = 0;
    for (size_t i = 0; i < text->len; i++) {
        int digit = cursor_digit(text->data[i]);
        bool is_leading_zero = i == 0 && digit == DIGIT_MORE, is_full = num >> (64 - 5) != 0;
        if (digit < 0 || is_leading_zero || is_full)
            return false;
        num = num << 5 | (uint64_t)(digit % DIGIT_MORE);
        if (digit < DIGIT_MORE) {
            *text = bytes_skip(*text, i + 1);
            *out = num;
            return true;
        }
    }
    return false;
}

/* Shards ascend and are below CURSOR_SHARDS_MAX, so the parts always fit. */
static bool cursor_take_part(struct bytes *text, struct cursor *cursor)
{
    uint64_t shard, ahead_ms;
    struct position place;
    if (!cursor_take_num(text, &shard) || !cursor_take_num(text, &ahead_ms) || !cursor_take_num(text, &place.seq))
        return false;
    if (shard >= CURSOR_SHARDS_MAX || (cursor->count > 0 && shard <= cursor->parts[cursor->count - 1].shard))
        return false;
    if (__builtin_add_overflow(cursor->base.ms, ahead_ms, &place.ms) || position_compare(place, cursor->base) <= 0)
        return false;
    cursor->parts[cursor->count++] = (struct cursor_part){(unsigned)shard, place};
    return true;
}

static bool cursor_take_parts(struct bytes text, struct cursor *cursor)
{
    if (!cursor_take_num(&text, &cursor->layout))
        return false;
    do
        if (!cursor_take_part(&text, cursor))
            return false;
    while (text.len > 0);
    return true;
}

bool cursor_parse(struct bytes text, struct cursor *out)
{
    struct bytes base_text, parts;
    struct position base;
    bool has_parts = bytes_split(text, '~', &base_text, &parts);
    if (text.len >= CURSOR_TEXT_MAX || !position_parse(base_text, &base))
        return false;
    cursor_init(out, base);
    if (!has_parts)
        return true;
    return bytes_is(base_text, POSITION_TEXT(base)) && cursor_take_parts(parts, out);
}

/* --- to text ------------------------------------------------------------------------------------------------------ */

/* Returns the number of digits. */
static size_t cursor_print_num(char *out, uint64_t num)
{
    unsigned shift = 5 * (NUM_TEXT_MAX - 1);
    size_t len = 0;
    while (shift > 0 && num >> shift == 0)
        shift -= 5;
    for (; shift > 0; shift -= 5)
        out[len++] = cursor_alphabet[DIGIT_MORE + (num >> shift) % DIGIT_MORE];
    out[len++] = cursor_alphabet[num % DIGIT_MORE];
    return len;
}

static size_t cursor_print_part(char out[static PART_TEXT_MAX], const struct cursor_part *part, struct position base)
{
    size_t len = cursor_print_num(out, part->shard);
    len += cursor_print_num(out + len, part->place.ms - base.ms);
    return len + cursor_print_num(out + len, part->place.seq);
}

size_t cursor_print(char out[static CURSOR_TEXT_MAX], const struct cursor *cursor)
{
    size_t len = position_print(out, cursor->base);
    if (cursor->count == 0)
        return len;
    out[len++] = '~';
    len += cursor_print_num(out + len, cursor->layout);
    for (unsigned i = 0; i < cursor->count; i++) {
        char part[PART_TEXT_MAX];
        size_t part_len = cursor_print_part(part, &cursor->parts[i], cursor->base);
        if (len + part_len >= CURSOR_TEXT_MAX)
            break;
        memcpy(out + len, part, part_len);
        len += part_len;
    }
    out[len] = '\0';
    return len;
}

const char *cursor_text(char out[static CURSOR_TEXT_MAX], const struct cursor *cursor)
{
    cursor_print(out, cursor);
    return out;
}
