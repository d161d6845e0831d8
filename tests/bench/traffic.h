/*
 * traffic.h - numbers the messages, and checks and counts their deliveries.
 *
 * Story     Messages are numbered 0, 1, 2 … over the run; message i goes to channel i % channels, where its sequence
 *           number is i / channels. A payload is
 *
 *             @msg:<channel, 8 hex>:<sequence, 8 hex>:<monotonic ns when sent, 16 hex>;xxxxxxxx…
 *
 *           plain ASCII without any character that JSON or SSE escapes, so it appears unchanged in every wire format,
 *           and a subscriber can find it by its mark without parsing frames.
 * Promise   A payload counts as a delivery only if its bytes are as sent and the subscriber did not have it yet.
 *           Loss, duplication, disorder and damage each have a counter. A message that a subscriber skipped counts as
 *           lost; if it arrives later, it counts as disordered instead, and as a delivery.
 * Shape     A ring of the messages in flight. A slot is free again once every subscriber of its channel has received or
 *           skipped its message, and all earlier messages too. The caller keeps sent - complete <= window.
 */
#ifndef BENCH_TRAFFIC_H
#define BENCH_TRAFFIC_H

#include "histogram.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define TRAFFIC_MARK "@msg:"
enum { TRAFFIC_MARK_LENGTH = 5, TRAFFIC_HEAD_LENGTH = 40 };

struct traffic {
    uint32_t channels;
    uint32_t subscribers; /* of each channel */
    uint32_t size;        /* payload bytes, at least TRAFFIC_HEAD_LENGTH */
    uint32_t window, mask;
    uint32_t sent;     /* messages published */
    uint32_t complete; /* messages 0 … complete-1 were received or skipped by all their subscribers */

    char *payloads;     /* ring: mask + 1 times size bytes */
    uint32_t *missing;  /* ring: how many subscribers are still due to receive it */
    uint64_t *sent_ns;  /* ring: when it was published */
    uint64_t delivered; /* since the last _start_measuring */
    uint64_t lost, doubled, disordered, damaged;
    uint64_t last_delivery_ns;
    struct histogram latency;
};

/* One subscriber's position in its channel. Starts as zeros, except for `channel`. */
struct traffic_reader {
    uint32_t channel;
    uint32_t next;    /* the sequence number expected next */
    uint32_t skipped; /* how many numbers below `next` have not arrived: lost, unless they still do */
};

static inline uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* `window`: the most messages that may be in flight at once. False: out of memory. */
bool traffic_init(struct traffic *t, uint32_t channels, uint32_t subscribers, uint32_t size, uint32_t window);
void traffic_fini(struct traffic *t);

static inline bool traffic_is_complete(const struct traffic *t)
{
    return t->complete == t->sent;
}
static inline bool traffic_has_room(const struct traffic *t)
{
    return t->sent - t->complete < t->window;
}

/* Build the next message, stamped with `now_ns`. Sets its channel, and returns its `size` bytes, which are valid until
 * the message is complete. */
const char *traffic_next(struct traffic *t, uint64_t now_ns, uint32_t *channel);

/* Check the `size` bytes at `payload`, which begin with the mark, as received by `reader`, and count the result. */
void traffic_deliver(struct traffic *t, struct traffic_reader *reader, const char *payload, uint64_t now_ns);

/* Count deliveries and latencies from zero again. */
void traffic_start_measuring(struct traffic *t);

/* How many deliveries of published messages are still outstanding. */
uint64_t traffic_count_missing(const struct traffic *t);

#endif
