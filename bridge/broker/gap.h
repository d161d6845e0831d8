/*
 * gap.h - are any entries after a given place gone?
 */
#ifndef BROKER_GAP_H
#define BROKER_GAP_H

#include "base/check.h"
#include "redis/page.h"
#include "words/gap.h"

#include <stdbool.h>

/* What is missing after a place. */
struct loss {
    struct position after;  /* the place */
    struct position oldest; /* if has_oldest: the oldest entry that is kept */
    enum gap_reason reason;
    bool has_oldest;
};

/* true: everything after the place still exists. false: not, and *reason says why. The place must not be before
 * page->after, unless it is the beginning. */
MUST_CHECK bool gap_is_absent(const struct page *page, const struct log_extent *extent, struct position place,
                              enum gap_reason *reason);

/* The same for the beginning as the place: is everything kept that is known to have been? */
MUST_CHECK bool gap_is_absent_from_begin(const struct log_extent *extent, enum gap_reason *reason);

#endif
