/*
 * gap.c - decides whether a resume is complete. For a cursor c:
 *
 *   c is the beginning          trimmed or expired, if any entry is known to have been that is not kept
 *   c newer than the newest     ahead     a failover lost acknowledged writes, or c is from elsewhere
 *   c older than genesis        reset     c is from an earlier keyspace
 *   c older than extent.trimmed  trimmed   the log's oldest entry has a predecessor that c has not seen
 *   c older than lost           reset     Redis lost what it had acknowledged, in a crash or a failover
 *   c older than extent.expired  expired   a log that no longer exists may have had entries after c
 */
#include "gap.h"

bool gap_is_absent_from_begin(const struct log_extent *extent, enum gap_reason *reason)
{
    *reason = position_compare(extent->missed, extent->trimmed) <= 0 ? GAP_TRIMMED : GAP_EXPIRED;
    return position_is_begin(extent->missed);
}

bool gap_is_absent(const struct page *page, const struct log_extent *extent, struct position cursor,
                   enum gap_reason *reason)
{
    if (position_is_begin(cursor))
        return gap_is_absent_from_begin(extent, reason);
    if (position_compare(cursor, page->newest) > 0)
        *reason = GAP_AHEAD;
    else if (position_compare(cursor, page->genesis) < 0)
        *reason = GAP_RESET;
    else if (position_compare(cursor, extent->trimmed) < 0)
        *reason = GAP_TRIMMED;
    else if (position_compare(cursor, page->lost) < 0)
        *reason = GAP_LOST;
    else if (position_compare(cursor, extent->expired) < 0)
        *reason = GAP_EXPIRED;
    else
        return true;
    return false;
}
