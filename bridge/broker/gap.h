/*
 * gap.h - does a cursor miss anything that is gone?
 */
#ifndef BROKER_GAP_H
#define BROKER_GAP_H

#include "broker/broker.h"
#include "redis/redis.h"

/* true where everything after the cursor still exists; else the reason. The cursor is not before page->after, or the
 * beginning. */
MUST_CHECK bool gap_is_absent(const struct page *page, const struct log_extent *extent, struct position cursor,
                              enum gap_reason *reason);

#endif
