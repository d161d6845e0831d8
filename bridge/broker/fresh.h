/*
 * fresh.h - the fast path: new entries of one feed for its live members.
 *
 * Story     All live members lack the same entries, so these are encoded once per wire format, and each member gets
 *           them in one write.
 */
#ifndef BROKER_FRESH_H
#define BROKER_FRESH_H

struct feed;

/* Give what this turn brought on a feed to all its live members. */
void fresh(struct feed *feed);

#endif
