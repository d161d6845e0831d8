/*
 * pump.h - moves a strand's place forward.
 *
 * Story     Live delivery, resume, first connect with backlog, a slow reader and the minutes after an outage are all
 *           the same request: "give me what comes after my place".
 */
#ifndef BROKER_PUMP_H
#define BROKER_PUMP_H

struct strand;

/* Give a strand that is BEHIND what comes after its place, at most one write for all merged members, and enter the
 * state that follows. */
void pump(struct strand *strand);

#endif
