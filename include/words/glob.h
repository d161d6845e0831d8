/*
 * glob.h - channel names and Redis's glob patterns (the PSUBSCRIBE kind: * ? [a-c] [^a-c] and backslash).
 *
 * Promise   glob_match() answers exactly as Redis does, byte for byte: the recorder and access control leans on it.
 */
#ifndef WORDS_GLOB_H
#define WORDS_GLOB_H

#include "base/bytes.h"
#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>

#define CHANNEL_LEN_MAX 256
#define GLOB_STARS_MAX 8 /* of a pattern from outside: ours is quick with any number, older Redis is not */

struct glob_list {
    unsigned count;
    char **globs; /* NUL-terminated */
};

/* Does it contain a special character, and so name many channels? */
bool glob_is_pattern(const char *name, size_t len);

bool glob_match(const char *glob, size_t glob_len, const char *name, size_t len);

/* Is every name (of a byte or more) that `inner` matches certain to be matched by `outer`? May answer false where it is
 * hard to tell. */
bool glob_contains(const char *outer, size_t outer_len, const char *inner, size_t inner_len);

/* Split a comma list (a comma behind a backslash does not split). Spaces around parts and empty parts are dropped.
 * false: no memory, and the list is empty. */
MUST_CHECK bool glob_list_parse(struct glob_list *list, const char *text);
void glob_list_fini(struct glob_list *list);
/* The index of the first glob that matches, or -1. */
int glob_list_match(const struct glob_list *list, const char *name, size_t len);
/* Is the channel or pattern within one of the list's globs? */
bool glob_list_contains(const struct glob_list *list, const char *name, size_t len);

/* NULL where the name is a good channel or pattern: 1 to 256 bytes of UTF-8, no control characters; else why not. */
const char *channel_name_error(const char *name, size_t len);

#endif
