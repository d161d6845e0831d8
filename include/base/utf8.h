/*
 * utf8.h - is this valid UTF-8, and what is in it? (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF)
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool utf8_is_valid(const char *bytes, size_t len);

/* For valid UTF-8: is there a control character, U+0000 to U+001F or U+007F to U+009F? */
bool utf8_has_control(const char *bytes, size_t len);

/* For valid UTF-8: the length of the longest beginning that has at most `most` bytes and ends between two characters. */
size_t utf8_fit(const char *bytes, size_t len, size_t most);

#endif
