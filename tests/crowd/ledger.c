/*
 * ledger.c - an array that grows with the highest channel that was ever named.
 */
#include "ledger.h"

#include "room.h"

#include <string.h>

static uint32_t *said;
static uint32_t channels;

uint32_t ledger_said(uint32_t channel)
{
    return channel < channels ? said[channel] : 0;
}

static uint32_t *slot(uint32_t channel)
{
    if (channel >= channels) {
        uint32_t wider = (channel + 1) * 2;
        said = room_for(said, wider, sizeof *said);
        memset(said + channels, 0, (wider - channels) * sizeof *said);
        channels = wider;
    }
    return &said[channel];
}

uint32_t ledger_say(uint32_t channel)
{
    return (*slot(channel))++;
}

void ledger_expect(uint32_t channel, uint32_t count)
{
    *slot(channel) = count;
}
