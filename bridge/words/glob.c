/*
 * glob.c - Redis's stringmatchlen(), without its recursion.
 *
 * Every part of a glob except the star takes exactly one byte, so it is enough to backtrack to the *last* star: if what
 * follows it does not match, it takes one byte more. The worst case is the length of the glob times that of the name.
 * The oddities of Redis are kept, because Redis decides what a PSUBSCRIBE receives:
 *
 *     "*" alone does not match an empty name             "[abc" unclosed is a class that ends with the glob
 *     "[]" matches nothing, "[^]" any byte               "[z-a]" is "[a-z]"; bounds are plain chars, signed or not
 *     "[^" at the end matches one byte, "[" none         a backslash at the very end matches a backslash
 */
#include "words/glob.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

struct pattern {
    const char *at, *end;
};

bool glob_is_pattern(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (name[i] == '*' || name[i] == '?' || name[i] == '[' || name[i] == '\\')
            return true;
    return false;
}

/* --- one part of a glob against one byte -------------------------------------------------------------------------- */

/* p->at is just after the '['. Moves it to just after the ']', or to the end if the class is unclosed. */
static bool glob_class_takes(struct pattern *p, char c)
{
    bool is_not = p->at < p->end && *p->at == '^', is_in = false;
    if (is_not)
        p->at++;
    for (; p->at < p->end && *p->at != ']'; p->at++) {
        if (*p->at == '\\' && p->end - p->at >= 2) {
            p->at++;
            is_in |= *p->at == c;
        } else if (p->end - p->at >= 3 && p->at[1] == '-') {
            char from = p->at[0], to = p->at[2];
            is_in |= from <= to ? from <= c && c <= to : to <= c && c <= from;
            p->at += 2;
        } else {
            is_in |= *p->at == c;
        }
    }
    if (p->at < p->end)
        p->at++;
    return is_in != is_not;
}

/* Does the part at p->at, which is not a star, take the byte? Moves p->at to the next part in any case. */
static bool glob_part_takes(struct pattern *p, char c)
{
    switch (*p->at) {
    case '?':
        p->at++;
        return true;
    case '[':
        p->at++;
        return glob_class_takes(p, c);
    case '\\':
        if (p->end - p->at >= 2)
            p->at++;
        return *p->at++ == c;
    default:
        return *p->at++ == c;
    }
}

bool glob_match(const char *glob, size_t glob_len, const char *name, size_t len)
{
    struct pattern p = {glob, glob + glob_len}, after_star = {NULL, p.end};
    const char *name_end = name + len, *retry = NULL; /* where in the name the part after the last star was tried */
    if (len == 0)
        return glob_len == 0;
    while (name < name_end) {
        if (p.at < p.end && *p.at == '*') {
            if (++p.at == p.end)
                return true;
            after_star = p;
            retry = name;
        } else if (p.at < p.end && glob_part_takes(&p, *name)) {
            name++;
        } else if (after_star.at) {
            p = after_star;
            name = ++retry;
        } else {
            return false;
        }
    }
    while (p.at < p.end && *p.at == '*')
        p.at++;
    return p.at == p.end;
}

/* --- is one glob within another? ---------------------------------------------------------------------------------- */

/*
 * Both globs become lists of parts; a part is a set of bytes or a star. The inner parts are then matched like the
 * letters of a name: an outer star takes any number of inner parts, an outer set takes one inner set that is within it,
 * and only a star takes a star. In a run such as "*?" the order means nothing, so a "?" beside a star may skip inner
 * stars; the star beside it takes them.
 */
struct part {
    bool is_star;
    bool is_beside_star; /* a "?" in a run with a star */
    bool is_any;
    unsigned char bytes[32]; /* one bit for each byte in the set */
};

struct parts {
    size_t count;
    struct part list[CHANNEL_LEN_MAX];
};

static void glob_part_read(struct part *part, struct pattern *p)
{
    struct pattern next = *p;
    *part = (struct part){.is_star = *p->at == '*', .is_any = *p->at == '?'};
    if (part->is_star) {
        p->at++;
        return;
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        next = *p;
        if (glob_part_takes(&next, (char)byte))
            part->bytes[byte / 8] |= (unsigned char)(1u << byte % 8);
    }
    *p = next;
}

static void glob_mark_runs(struct parts *parts)
{
    for (size_t start = 0, end; start < parts->count; start = end) {
        bool has_star = false;
        for (end = start; end < parts->count && (parts->list[end].is_star || parts->list[end].is_any); end++)
            has_star |= parts->list[end].is_star;
        for (size_t i = start; i < end; i++)
            parts->list[i].is_beside_star = has_star && parts->list[i].is_any;
        if (end == start)
            end++;
    }
}

/* false: more than CHANNEL_LEN_MAX parts */
static bool glob_parts_read(struct parts *parts, const char *glob, size_t len)
{
    struct pattern p = {glob, glob + len};
    for (parts->count = 0; p.at < p.end; parts->count++) {
        if (parts->count == CHANNEL_LEN_MAX)
            return false;
        glob_part_read(&parts->list[parts->count], &p);
    }
    glob_mark_runs(parts);
    return true;
}

static bool glob_is_within(const struct part *inner, const struct part *outer)
{
    for (unsigned i = 0; i < sizeof inner->bytes; i++)
        if (inner->bytes[i] & ~outer->bytes[i])
            return false;
    return true;
}

/* The next row of a dynamic programming table: fits[j] says whether the outer parts up to `part` can take exactly the
 * first j inner parts. */
static void glob_row_step(bool fits[static CHANNEL_LEN_MAX + 1], const struct part *part, const struct parts *inner)
{
    bool from = fits[0]; /* the row above fits up to j - 1, perhaps with inner stars skipped */
    fits[0] = from && part->is_star;
    for (size_t j = 1; j <= inner->count; j++) {
        const struct part *letter = &inner->list[j - 1];
        bool above = fits[j], passes = part->is_beside_star && letter->is_star;
        if (part->is_star)
            fits[j] = above || fits[j - 1];
        else if (letter->is_star)
            fits[j] = passes && fits[j - 1];
        else
            fits[j] = from && glob_is_within(letter, part);
        from = above || (passes && from);
    }
}

static bool glob_parts_contain(const struct parts *outer, const struct parts *inner)
{
    bool fits[CHANNEL_LEN_MAX + 1] = {true};
    for (size_t i = 0; i < outer->count; i++)
        glob_row_step(fits, &outer->list[i], inner);
    return fits[inner->count];
}

bool glob_contains(const char *outer, size_t outer_len, const char *inner, size_t inner_len)
{
    struct parts *parts; /* two of them: about 18 kB, too much for the stack */
    bool contains;
    if (outer_len == inner_len && memcmp(outer, inner, inner_len) == 0)
        return true;
    parts = malloc(2 * sizeof *parts);
    if (!parts)
        return false;
    contains = glob_parts_read(&parts[0], outer, outer_len) && glob_parts_read(&parts[1], inner, inner_len) &&
               glob_parts_contain(&parts[0], &parts[1]);
    free(parts);
    return contains;
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

/* The end of the list item at `at`: the next comma that no backslash escapes, or the NUL. */
static const char *glob_part_end(const char *at)
{
    while (*at != '\0' && *at != ',')
        at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
    return at;
}

static bool glob_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool glob_list_add(struct glob_list *list, const char *from, const char *to)
{
    while (from < to && glob_is_space(*from))
        from++;
    while (from < to && glob_is_space(to[-1]))
        to--;
    if (from == to)
        return true;
    char **globs = realloc(list->globs, (list->count + 1) * sizeof *globs);
    if (!globs)
        return false;
    list->globs = globs;
    globs[list->count] = strndup(from, (size_t)(to - from));
    if (!globs[list->count])
        return false;
    list->count++;
    return true;
}

bool glob_list_parse(struct glob_list *list, const char *text)
{
    *list = (struct glob_list){0};
    for (const char *at = text, *end;; at = end + 1) {
        end = glob_part_end(at);
        if (!glob_list_add(list, at, end)) {
            glob_list_fini(list);
            return false;
        }
        if (*end == '\0')
            return true;
    }
}

void glob_list_fini(struct glob_list *list)
{
    for (unsigned i = 0; i < list->count; i++)
        free(list->globs[i]);
    free(list->globs);
    *list = (struct glob_list){0};
}

int glob_list_match(const struct glob_list *list, const char *name, size_t len)
{
    for (unsigned i = 0; i < list->count; i++)
        if (glob_match(list->globs[i], strlen(list->globs[i]), name, len))
            return (int)i;
    return -1;
}

bool glob_list_contains(const struct glob_list *list, const char *name, size_t len)
{
    if (!glob_is_pattern(name, len))
        return glob_list_match(list, name, len) >= 0;
    for (unsigned i = 0; i < list->count; i++)
        if (glob_contains(list->globs[i], strlen(list->globs[i]), name, len))
            return true;
    return false;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

const char *channel_name_error(const char *name, size_t len)
{
    if (len == 0)
        return "a channel name may not be empty";
    if (len > CHANNEL_LEN_MAX)
        return "a channel name may have at most 256 bytes";
    if (!utf8_is_valid(name, len))
        return "a channel name must be valid UTF-8";
    if (utf8_has_control(name, len))
        return "a channel name may not contain control characters";
    return NULL;
}
