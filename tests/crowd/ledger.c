/*
 * ledger.c - an array that grows with the highest channel number used.
 */
#include "ledger.h"

#include "room.h"

#include <string.h>

static uint32_t *ledger_counts;
static uint32_t ledger_channels;

uint32_t ledger_said(uint32_t channel)
{
    return channel < ledger_channels ? ledger_counts[channel] : 0;
}

static uint32_t *ledger_slot(uint32_t channel)
{
    if (channel >= ledger_channels) {
        uint32_t wider = (channel + 1) * 2;
        ledger_counts = room_for(ledger_counts, wider, sizeof *ledger_counts);
        memset(ledger_counts + ledger_channels, 0, (wider - ledger_channels) * sizeof *ledger_counts);
        ledger_channels = wider;
    }
    return &ledger_counts[channel];
}

uint32_t ledger_say(uint32_t channel)
{
    return (*ledger_slot(channel))++;
}

void ledger_expect(uint32_t channel, uint32_t count)
{
    *ledger_slot(channel) = count;
}
