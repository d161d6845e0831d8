/*
 * traffic.h - what was published, and who has it.
 *
 * Story     Messages are numbered 0, 1, 2 … over the run; message i goes to channel i % channels, where its sequence
 *           number is i / channels. A payload is
 *
 *             @msg:<channel, 8 hex>:<sequence, 8 hex>:<monotonic ns when sent, 16 hex>;xxxxxxxx…
 *
 *           plain ASCII without anything that JSON or SSE would escape, so it stands unchanged in every wire format
 *           and a subscriber finds it by its mark, whatever frames it came in.
 * Promise   A delivery counts only if all bytes are as sent and it is the next of its channel for that subscriber:
 *           loss, doubling, disorder and damage each have a counter. What comes after a later one is a delivery too,
 *           only a disordered one.
 * Shape     A ring of the messages in flight. Message i's slot is free again once all of its subscribers have it, so
 *           at most `window` messages are under way: sent - complete <= window. A message that was passed over is not
 *           waited for.
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
    uint32_t complete; /* messages 0 … complete-1 have reached everybody */

    char *payloads;     /* ring: mask + 1 times size bytes */
    uint32_t *missing;  /* ring: subscribers that a message has not reached */
    uint64_t *sent_ns;  /* ring: when it was published */
    uint64_t delivered; /* since the last _start_measuring */
    uint64_t lost, doubled, disordered, damaged;
    uint64_t last_delivery_ns;
    struct histogram latency;
};

/* Where one subscriber is. Starts as zeros and its channel. */
struct traffic_reader {
    uint32_t channel;
    uint32_t next;    /* the sequence number that is due */
    uint32_t skipped; /* numbers below it that have not come: lost, unless they still do */
};

static inline uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* `window`: how many messages may ever be under way at once. False: no memory. */
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

/* Write the next message, stamped with `now`. Gives its channel; the payload is good until it is complete. */
const char *traffic_next(struct traffic *t, uint64_t now_ns, uint32_t *channel);

/* Read `size` bytes at `payload`, which begin with the mark, on behalf of a subscriber. Counts what it finds. */
void traffic_deliver(struct traffic *t, struct traffic_reader *reader, const char *payload, uint64_t now_ns);

/* Deliveries and latencies count from here. */
void traffic_start_measuring(struct traffic *t);

/* Deliveries of sent messages that never came. */
uint64_t traffic_count_missing(const struct traffic *t);

#endif
