/*
 * pump.h - what moves a strand on.
 *
 * Story     Live delivery, resume, first connect with backlog, a slow reader and the minutes after an outage are one thing:
 *           "give me what comes after my place".
 */
#ifndef BROKER_PUMP_H
#define BROKER_PUMP_H

struct strand;

/* Move its place forward as far as one write goes, and enter the state that follows. It is BEHIND. */
void pump(struct strand *strand);

#endif
