/*
 * fresh.h - the short way for those who are live on one feed.
 *
 * Story     All of them lack the same entries, so these are put together once per wire format, and it is one write each.
 */
#ifndef BROKER_FRESH_H
#define BROKER_FRESH_H

struct feed;

/* Give what this turn brought on a feed to all its members that are live. */
void fresh(struct feed *feed);

#endif
