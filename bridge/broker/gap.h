/*
 * gap.h - does a place miss anything that is gone?
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
    struct position oldest; /* where has_oldest: the oldest entry that there is */
    enum gap_reason reason;
    bool has_oldest;
};

/* true where everything after the place still exists; else the reason. The place is not before page->after, or it is the
 * beginning. */
MUST_CHECK bool gap_is_absent(const struct page *page, const struct log_extent *extent, struct position place,
                              enum gap_reason *reason);

#endif
