/*
 * clock.h - time and random numbers. All code asks here for the time, so that tests can stop the clock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Milliseconds of a monotonic clock: only differences mean something. Never 0, so 0 can stand for "not yet". */
uint64_t clock_now_ms(void);

/* Is it the first time, or has this long passed since *last_ms? Then *last_ms is now. For log lines that must not fill the
 * log; *last_ms begins as 0. */
bool clock_is_due(uint64_t *last_ms, uint64_t every_ms);

/* For tests: stop clock_now_ms() at this value; 0 lets it run again. Timers of a loop keep to real time. */
void clock_hold(uint64_t now_ms);

/* Milliseconds since 1970 by the wall clock (UTC). */
uint64_t clock_wall_ms(void);

/* A number from 0 to limit - 1, all equally likely; 0 if limit is 0. To spread load, not for secrets. */
uint64_t random_below(uint64_t limit);

/* Fill `out` with len - 1 random characters [0-9a-z] and a NUL, from the kernel's generator: unguessable, unique. */
void random_token(char *out, size_t len);

#endif
