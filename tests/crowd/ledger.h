/*
 * ledger.h - how many messages were published on each channel: what a browser that listens to it is owed.
 */
#ifndef CROWD_LEDGER_H
#define CROWD_LEDGER_H

#include <stdint.h>

/* The next sequence number of a channel. */
uint32_t ledger_said(uint32_t channel);

/* Take the next sequence number of a channel. Ends the program if there is no memory. */
uint32_t ledger_say(uint32_t channel);

/* Another process has published this many messages on the channel. */
void ledger_expect(uint32_t channel, uint32_t said);

#endif
