/*
 * glob.h - channel names and Redis's glob patterns (the PSUBSCRIBE kind: * ? [a-c] [^a-c] and backslash).
 *
 * Promise   glob_match() matches exactly what Redis matches, byte for byte: the recorder and access control rely on it.
 */
#ifndef WORDS_GLOB_H
#define WORDS_GLOB_H

#include "base/bytes.h"
#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>

#define CHANNEL_LEN_MAX 256
#define GLOB_STARS_MAX 8 /* in a pattern from a client: glob_match() is fast with any number, older Redis is not */

struct glob_list {
    unsigned count;
    char **globs; /* NUL-terminated */
};

/* Does it contain a special character, so that it is a pattern? */
bool glob_is_pattern(const char *name, size_t len);

bool glob_match(const char *glob, size_t glob_len, const char *name, size_t len);

/* Does `outer` match every name (of a byte or more) that `inner` matches? May return false if that is hard to tell, but
 * true is always right. */
bool glob_contains(const char *outer, size_t outer_len, const char *inner, size_t inner_len);

/* Split a comma-separated list (a comma after a backslash does not split). Drops spaces around items, and empty items.
 * false: no memory; the list is then empty. */
MUST_CHECK bool glob_list_parse(struct glob_list *list, const char *text);
void glob_list_fini(struct glob_list *list);
/* The index of the first glob that matches, or -1. */
int glob_list_match(const struct glob_list *list, const char *name, size_t len);
/* Is the channel matched by, or the pattern contained in, one of the list's globs? */
bool glob_list_contains(const struct glob_list *list, const char *name, size_t len);

/* NULL if the name is a valid channel or pattern (1 to 256 bytes of UTF-8, no control characters); else the reason. */
const char *channel_name_error(const char *name, size_t len);

#endif
