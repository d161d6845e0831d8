/*
 * clock.c - time and random numbers, both from the kernel.
 *
 * There is no generator of our own: fork() would copy its state, and then all workers would draw the same numbers and
 * reconnect in step. getrandom() takes less than a microsecond and is called once per connection or retry.
 */
#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static uint64_t clock_held_ms; /* the time at which a test has stopped the clock; 0: it runs */

static uint64_t clock_read_ms(clockid_t which)
{
    struct timespec now;
    if (clock_gettime(which, &now) != 0)
        abort();
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t clock_now_ms(void)
{
    /* + 1: the result is never 0, even right after boot, so callers may use 0 for "not yet". */
    return clock_held_ms != 0 ? clock_held_ms : clock_read_ms(CLOCK_MONOTONIC) + 1;
}

uint64_t clock_wall_ms(void)
{
    return clock_read_ms(CLOCK_REALTIME);
}

bool clock_is_due(uint64_t *last_ms, uint64_t every_ms)
{
    uint64_t now_ms = clock_now_ms();
    if (*last_ms != 0 && now_ms - *last_ms < every_ms)
        return false;
    *last_ms = now_ms;
    return true;
}

void clock_hold(uint64_t now_ms)
{
    clock_held_ms = now_ms;
}

static void clock_random_fill(void *out, size_t len)
{
    unsigned char *at = out;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        at += got;
        len -= (size_t)got;
    }
}

uint64_t random_below(uint64_t limit)
{
    uint64_t roll;
    if (limit < 2)
        return 0;
    /* Draw again if the number is in the incomplete last range of `limit` numbers, which would favour low results. */
    uint64_t incomplete = (UINT64_MAX % limit + 1) % limit;
    do
        clock_random_fill(&roll, sizeof roll);
    while (roll > UINT64_MAX - incomplete);
    return roll % limit;
}

void random_token(char *out, size_t len)
{
    static const char digits[36] = "0123456789abcdefghijklmnopqrstuvwxyz";
    if (len == 0)
        return;
    for (size_t at = 0; at + 1 < len;) {
        unsigned char rolls[64];
        clock_random_fill(rolls, sizeof rolls);
        for (size_t i = 0; i < sizeof rolls && at + 1 < len; i++)
            if (rolls[i] < 252) /* 252 is 7 times 36: all digits are equally likely */
                out[at++] = digits[rolls[i] % 36];
    }
    out[len - 1] = '\0';
}
