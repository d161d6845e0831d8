/*
 * ledger.h - how many messages each channel has been told: what a browser that listens to it is owed.
 */
#ifndef CROWD_LEDGER_H
#define CROWD_LEDGER_H

#include <stdint.h>

/* The next sequence number of a channel. */
uint32_t ledger_said(uint32_t channel);

/* Take the next sequence number of a channel. Ends the program where there is no memory. */
uint32_t ledger_say(uint32_t channel);

/* Another process has told this channel so many. */
void ledger_expect(uint32_t channel, uint32_t said);

#endif
