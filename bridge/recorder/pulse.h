/*
 * pulse.h - does a node's pub/sub connection still receive? If not, the node misses messages, and must not keep its
 * place.
 *
 * Story     Each time a node attends, on the command connection, Redis publishes a message to the node's own channel.
 *           The node is *deaf* if nothing at all arrives on the pub/sub connection for a few ticks, or not that
 *           message for many.
 * Promise   Ticks are counted, not time: a process that hung has unread messages in its socket, and is not considered
 *           deaf before it has read them.
 */
#ifndef RECORDER_PULSE_H
#define RECORDER_PULSE_H

#include <stdbool.h>
#include <stdint.h>

struct pulse {
    bool is_answered;       /* Redis has answered the newest attend */
    bool has_heard;         /* anything arrived since that attend was sent */
    bool has_heard_itself;  /* a message on the node's own channel arrived since then */
    unsigned silent_ticks;  /* ticks in a row with an answer, but nothing received */
    unsigned unheard_ticks; /* ticks in a row with an answer, but nothing received on the node's own channel */
    uint64_t sent_ms;       /* when the newest attend was sent */
    uint64_t lag_ms;        /* from then to the newest message on the node's own channel */
};

void pulse_begin(struct pulse *pulse);
void pulse_sent(struct pulse *pulse);
void pulse_answered(struct pulse *pulse);
/* A pub/sub message arrived; is_own: on the node's own channel. */
void pulse_heard(struct pulse *pulse, bool is_own);
/* Another tick has passed: is the node deaf? There are about a dozen ticks per lease, or more. */
bool pulse_is_deaf(struct pulse *pulse);

#endif
