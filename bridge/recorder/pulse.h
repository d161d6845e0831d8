/*
 * pulse.h - does a node hear what Redis tells it? Who is deaf hears no message either, and must not keep a place.
 *
 * Story     Each time a node attends, Redis says a word on the node's own channel. It has to be heard on the other
 *           connection, and so does anything at all.
 * Promise   Ticks are counted, not time: a process that was hung finds what it was told meanwhile in its socket, once it
 *           looks, and is not taken for deaf before.
 */
#ifndef RECORDER_PULSE_H
#define RECORDER_PULSE_H

#include <stdbool.h>
#include <stdint.h>

struct pulse {
    bool is_answered;       /* since it attended last */
    bool has_heard;         /* anything since then */
    bool has_heard_itself;  /* its own word since then */
    unsigned silent_ticks;  /* for so long it was answered, and heard nothing */
    unsigned unheard_ticks; /* for so long it was answered, and did not hear its own word */
    uint64_t sent_ms;       /* when it attended last */
    uint64_t lag_ms;        /* how late it heard its newest word */
};

void pulse_begin(struct pulse *pulse);
void pulse_sent(struct pulse *pulse);
void pulse_answered(struct pulse *pulse);
/* Something was heard; the word on its own channel? */
void pulse_heard(struct pulse *pulse, bool is_own);
/* Another tick has passed: is it deaf? Ticks come a dozen times within a lease. */
bool pulse_is_deaf(struct pulse *pulse);

#endif
