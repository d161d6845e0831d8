/*
 * live.h - the announcement that is published on a channel's live channel when an entry is appended to its log.
 */
#ifndef REDIS_LIVE_H
#define REDIS_LIVE_H

#include "base/bytes.h"
#include "base/check.h"
#include "words/entry.h"

#include <stdbool.h>
#include <stdint.h>

struct heard;
struct redis_config;

struct announcement {
    struct entry_source source; /* points into the message that was received */
    bool is_echoed;             /* the same payload follows as a plain message */
    uint64_t era;               /* of a recorded plain message; else 0 */
    uint64_t ordinal;           /* of a recorded plain message within its era; else 0 */
};

/* Parse a message. false: it is not on a live channel of this fleet, or it is malformed. */
MUST_CHECK bool live_parse(const struct redis_config *config, const struct heard *heard, struct announcement *out);

/* The same for any fleet with this prefix, whatever its database. */
MUST_CHECK bool live_parse_any(const struct redis_config *config, const struct heard *heard, struct announcement *out);
/* Is this message exactly an announcement, of a bridge with any prefix? */
bool live_is_announcement(struct bytes channel, struct bytes payload);

#endif
