/*
 * pace.h - a number of things to do, evenly over time.
 *
 * Story     A caller that must do 5000 things a second asks at each turn how many are due by now. A late turn makes up
 *           for what it missed, so that the server sees the rate that was asked for.
 */
#ifndef CROWD_PACE_H
#define CROWD_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
    uint64_t start_ns, done, total;
    double rate; /* a second; 0: as fast as possible */
};

static inline void pace_start(struct pace *p, uint64_t total, double rate, uint64_t now_ns)
{
    *p = (struct pace){.start_ns = now_ns, .total = total, .rate = rate};
}

static inline bool pace_is_over(const struct pace *p)
{
    return p->done >= p->total;
}

/* How many more are due, at most `most`. */
static inline uint64_t pace_due(const struct pace *p, uint64_t now_ns, uint64_t most)
{
    uint64_t due = p->total;
    if (p->rate > 0) {
        double so_far = (double)(now_ns - p->start_ns) * p->rate / 1e9 + 1;
        due = so_far < (double)p->total ? (uint64_t)so_far : p->total;
    }
    due = due > p->done ? due - p->done : 0;
    return due < most ? due : most;
}

#endif
