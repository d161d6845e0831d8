/*
 * histogram.h - a histogram of durations, in fixed memory.
 *
 * Story     Buckets grow with the value: 32 of them per power of two, so a percentile is accurate to about 3 %.
 * Promise   _add is a few instructions and never fails: it may be called in the path that is being measured.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_STEPS = 32, HISTOGRAM_BUCKETS = 64 * HISTOGRAM_STEPS };

struct histogram {
    uint64_t count, max_ns;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *h);
void histogram_add(struct histogram *h, uint64_t ns);

/* The smallest value that `share` (0..1) of all values do not exceed, rounded up to its bucket; 0 if there are none. */
uint64_t histogram_percentile(const struct histogram *h, double share);

#endif
