/*
 * settings.h - the one table of settings: parsing, --help and the table in deploy/README.md all come from it.
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
    const char *fallback_name;       /* read if `name` is not set; or NULL */
    const struct setting_kind *kind; /* how it is read */
    size_t offset;                   /* of the field in struct config */
    const char *initial;             /* the default, as a user would write it */
    const char *initial_words;       /* the default in words, if it depends on something; else NULL */
    const char *word;                /* stands for 0, or NULL */
    uint64_t least;                  /* of a number */
    uint64_t most;                   /* of a number */
    const char *sentence;            /* what it is for; Markdown without tables */
};

extern const struct setting settings[];
extern const unsigned setting_count;

/* The setting with this name in the environment; NULL if there is none. */
const struct setting *setting_find(const char *name);

/* Read a value into its field of config. NULL: accepted. Else why not; "" if setting_accepts() says enough. */
MUST_CHECK const char *setting_read(const struct setting *setting, const char *text, struct config *config);

/* What it accepts, in words: "a whole number from 1 to 64, or auto". */
const char *setting_accepts(const struct setting *setting, char out[static SETTING_ACCEPTS_MAX]);

/* Its default, in words. */
const char *setting_default(const struct setting *setting);

/* BRIDGE_MAX_AGE is "--max-age", PORT is "--port". */
const char *setting_flag(const struct setting *setting, char out[static SETTING_FLAG_MAX]);

/* Does an empty value mean an empty list? For other settings it counts as not set. */
bool setting_may_be_empty(const struct setting *setting);

/* May its value contain a password, so that it must never be shown? */
bool setting_is_secret(const struct setting *setting);

#endif
