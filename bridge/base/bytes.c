/*
 * bytes.c - comparing with texts of our own, and decimal numbers.
 */
#include "base/bytes.h"

bool bytes_is(struct bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

bool bytes_begins(struct bytes bytes, const char *text)
{
    return bytes.len >= strlen(text) && memcmp(bytes.data, text, strlen(text)) == 0;
}

bool bytes_number(struct bytes bytes, uint64_t *out)
{
    uint64_t number = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        char c = bytes.data[i];
        if (c < '0' || c > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(c - '0'), &number))
            return false;
    }
    if (bytes.len == 0)
        return false;
    *out = number;
    return true;
}
