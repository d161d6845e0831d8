/*
 * pulse.c - detects two kinds of deafness. If the connection died without notice, nothing at all arrives. If it leads
 * to another Redis than the command connection (a failover), messages arrive, but none on the node's own channel.
 */
#include "pulse.h"

#include "base/clock.h"

#define SILENT_TICKS 8
#define UNHEARD_TICKS 40

void pulse_begin(struct pulse *pulse)
{
    *pulse = (struct pulse){0};
}

void pulse_sent(struct pulse *pulse)
{
    pulse->is_answered = pulse->has_heard = pulse->has_heard_itself = false;
    pulse->sent_ms = clock_now_ms();
}

void pulse_answered(struct pulse *pulse)
{
    pulse->is_answered = true;
}

void pulse_heard(struct pulse *pulse, bool is_own)
{
    pulse->has_heard = true;
    if (!is_own)
        return;
    pulse->has_heard_itself = true;
    pulse->lag_ms = clock_now_ms() - pulse->sent_ms;
}

bool pulse_is_deaf(struct pulse *pulse)
{
    pulse->silent_ticks = pulse->has_heard ? 0 : pulse->silent_ticks + pulse->is_answered;
    pulse->unheard_ticks = pulse->has_heard_itself ? 0 : pulse->unheard_ticks + pulse->is_answered;
    return pulse->silent_ticks >= SILENT_TICKS || pulse->unheard_ticks >= UNHEARD_TICKS;
}
