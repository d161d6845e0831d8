/*
 * payload.h - a message that can be checked on its own.
 *
 * Story     @<channel, 8 hex>:<sequence, 8 hex>:<monotonic ns when published, 16 hex>;qqqqq…
 *
 *           Channel and sequence show whether the message is the next one, the time shows its latency, and the filler
 *           is one letter that follows from channel and sequence. So a receiver can check every byte, also in another
 *           process than the publisher. Nothing in it has to be escaped in SSE or JSON.
 *           What browsers publish themselves is not part of that order: it begins with PAYLOAD_SPOKEN.
 */
#ifndef CROWD_PAYLOAD_H
#define CROWD_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { PAYLOAD_HEAD = 36, PAYLOAD_MAX = 65536 };
#define PAYLOAD_SPOKEN '#'

struct payload {
    uint32_t channel, sequence;
    uint64_t said_ns;
};

static inline uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* `size` is at least PAYLOAD_HEAD. */
void payload_write(char *out, size_t size, const struct payload *payload);

/* False: some byte is not as it was written. */
bool payload_read(const char *text, size_t size, struct payload *out);

#endif
