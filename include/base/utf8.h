/*
 * utf8.h - is this valid UTF-8? (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF)
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool utf8_is_valid(const char *bytes, size_t len);

#endif
