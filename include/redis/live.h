/*
 * live.h - what is announced on the live channels: each entry, as it is put into its log.
 */
#ifndef REDIS_LIVE_H
#define REDIS_LIVE_H

#include "base/check.h"
#include "words/entry.h"

#include <stdbool.h>
#include <stdint.h>

struct heard;
struct redis_config;

struct announcement {
    struct entry_source source; /* points into what was heard */
    bool is_echoed;             /* the same payload follows as a plain message */
    uint64_t era;               /* of a recorded plain message, else 0 */
    uint64_t ordinal;           /* of a recorded plain message within its era, else 0 */
};

/* Is it on a live channel of this prefix, and whole? */
MUST_CHECK bool live_parse(const struct redis_config *config, const struct heard *heard, struct announcement *out);

#endif
