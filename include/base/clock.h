/*
 * clock.h - time and chance. Everything that waits or rolls dice comes here, so that tests can hold both.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Milliseconds of a clock that never runs back; its zero means nothing. */
uint64_t clock_now_ms(void);

/* For tests: clock_now_ms() stands still here; 0 lets it run again. Timers of a loop go on with the real time. */
void clock_hold(uint64_t now_ms);

/* Milliseconds since 1970, as the wall says. */
uint64_t clock_wall_ms(void);

/* A number from 0 to limit - 1, each as likely; 0 where limit is 0. Good enough to spread load, not for secrets. */
uint64_t random_below(uint64_t limit);

/* Fill `out` with len - 1 random characters [0-9a-z] and a NUL, from the kernel's generator: unguessable, unique. */
void random_token(char *out, size_t len);

#endif
