/*
 * settings.h - the one table of settings: parsing, --help and the README's table all come from it.
 */
#ifndef APP_SETTINGS_H
#define APP_SETTINGS_H

#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETTING_FLAG_MAX 64
#define SETTING_ACCEPTS_MAX 256

struct config;
struct setting_kind;

struct setting {
    const char *name;                /* in the environment; the flag follows from it */
    const char *fallback_name;       /* read where `name` is not set, or NULL */
    const struct setting_kind *kind; /* how it is read */
    size_t offset;                   /* of the field in struct config */
    const char *initial;             /* the default, as one would write it */
    const char *initial_words;       /* how the default is told where it depends on something, or NULL */
    const char *word;                /* stands for 0, or NULL */
    uint64_t least;                  /* of a number */
    uint64_t most;                   /* of a number */
    const char *sentence;            /* what it is for; Markdown without tables */
};

extern const struct setting settings[];
extern const unsigned setting_count;

/* Read a value into its field of config. NULL where it is good, else why not: "" if setting_accepts() says it all. */
MUST_CHECK const char *setting_read(const struct setting *setting, const char *text, struct config *config);

/* What it accepts, in words: "a whole number, from 1 to 64, or auto". */
const char *setting_accepts(const struct setting *setting, char out[static SETTING_ACCEPTS_MAX]);

/* BRIDGE_MAX_AGE is "--max-age", PORT is "--port". */
const char *setting_flag(const struct setting *setting, char out[static SETTING_FLAG_MAX]);

/* Does an empty value mean "none" (a list), and not "as if it were not set"? */
bool setting_may_be_empty(const struct setting *setting);

/* May its value hold a password, and so never be shown? */
bool setting_is_secret(const struct setting *setting);

#endif
