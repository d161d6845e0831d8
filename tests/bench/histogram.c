/*
 * histogram.c - log-linear buckets.
 *
 * A value v ≥ 32 with its highest bit at e falls into bucket (e - 5) * 32 + (the 6 highest bits of v); smaller values
 * have a bucket each. The two ranges meet without a gap: v = 31 → 31, v = 32 → 32.
 */
#include "histogram.h"

#include <string.h>

enum { STEP_BITS = 5 };

static unsigned histogram_bucket_of(uint64_t ns)
{
    if (ns < HISTOGRAM_STEPS)
        return (unsigned)ns;
    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - STEP_BITS;
    return shift * HISTOGRAM_STEPS + (unsigned)(ns >> shift);
}

/* The largest value that falls into a bucket: rounding never favours the server. */
static uint64_t histogram_bucket_top(unsigned bucket)
{
    if (bucket < 2 * HISTOGRAM_STEPS)
        return bucket;
    unsigned shift = bucket / HISTOGRAM_STEPS - 1;
    uint64_t leading = bucket % HISTOGRAM_STEPS + HISTOGRAM_STEPS;
    return ((leading + 1) << shift) - 1;
}

void histogram_clear(struct histogram *h)
{
    memset(h, 0, sizeof *h);
}

void histogram_add(struct histogram *h, uint64_t ns)
{
    h->count++;
    h->buckets[histogram_bucket_of(ns)]++;
    if (ns > h->max_ns)
        h->max_ns = ns;
}

uint64_t histogram_percentile(const struct histogram *h, double share)
{
    uint64_t seen = 0, wanted = (uint64_t)((double)h->count * share);
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->buckets[i];
        if (h->buckets[i] && seen >= wanted) {
            uint64_t top = histogram_bucket_top(i);
            return top < h->max_ns ? top : h->max_ns;
        }
    }
    return h->max_ns;
}
