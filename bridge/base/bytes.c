/*
 * bytes.c - comparing, taking apart, decimals.
 *
 * memcmp() and its relatives must not get a null pointer, even with a length of 0, so they are not called for no bytes.
 */
#include "base/bytes.h"

/* --- comparing ---------------------------------------------------------------------------------------------------- */

bool bytes_is(struct bytes bytes, const char *text)
{
    return bytes_equal(bytes, bytes_of(text));
}

bool bytes_begins(struct bytes bytes, const char *text)
{
    size_t len = strlen(text);
    return bytes.len >= len && bytes_is((struct bytes){bytes.data, len}, text);
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* --- taking apart ------------------------------------------------------------------------------------------------- */

bool bytes_take(struct bytes *bytes, const char *text)
{
    if (!bytes_begins(*bytes, text))
        return false;
    *bytes = bytes_skip(*bytes, strlen(text));
    return true;
}

/* Split at `at`; NULL: there is no separator. */
static bool bytes_split_at(struct bytes bytes, const char *at, struct bytes *before, struct bytes *after)
{
    size_t len = at ? (size_t)(at - bytes.data) : bytes.len;
    *before = (struct bytes){bytes.data, len};
    *after = bytes_skip(bytes, len + 1);
    return at;
}

bool bytes_split(struct bytes bytes, char separator, struct bytes *before, struct bytes *after)
{
    return bytes_split_at(bytes, bytes.len > 0 ? memchr(bytes.data, separator, bytes.len) : NULL, before, after);
}

bool bytes_split_last(struct bytes bytes, char separator, struct bytes *before, struct bytes *after)
{
    return bytes_split_at(bytes, bytes.len > 0 ? memrchr(bytes.data, separator, bytes.len) : NULL, before, after);
}

struct bytes bytes_word(struct bytes *rest, char separator)
{
    struct bytes word;
    bytes_split(*rest, separator, &word, rest);
    return word;
}

/* --- decimals ----------------------------------------------------------------------------------------------------- */

bool bytes_is_digits(struct bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.data[i] < '0' || bytes.data[i] > '9')
            return false;
    return bytes.len > 0;
}

bool bytes_number(struct bytes bytes, uint64_t most, uint64_t *out)
{
    uint64_t number = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        int digit = bytes.data[i] - '0';
        if (digit < 0 || digit > 9)
            return false;
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, digit, &number))
            return false;
    }
    if (bytes.len == 0 || number > most)
        return false;
    *out = number;
    return true;
}

bool bytes_number_capped(struct bytes bytes, uint64_t most, uint64_t *out)
{
    if (!bytes_is_digits(bytes))
        return false;
    if (!bytes_number(bytes, most, out))
        *out = most;
    return true;
}
