/*
 * bytes.c - comparing with texts of our own.
 */
#include "base/bytes.h"

#include <string.h>

bool bytes_is(struct bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

bool bytes_begins(struct bytes bytes, const char *text)
{
    return bytes.len >= strlen(text) && memcmp(bytes.data, text, strlen(text)) == 0;
}
