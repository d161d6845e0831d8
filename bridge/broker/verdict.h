/*
 * verdict.h - does a cursor miss anything that is gone?
 */
#ifndef BROKER_VERDICT_H
#define BROKER_VERDICT_H

#include "broker/broker.h"
#include "redis/redis.h"

/* true where everything after the cursor still exists; else the reason. The cursor is not before page->after, or the
 * beginning. */
MUST_CHECK bool verdict_is_complete(const struct page *page, const struct page_floor *floor, struct position cursor,
                                    enum gap_reason *reason);

#endif
