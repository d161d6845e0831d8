/*
 * calibrate.h - how fast this machine is right now, in the coin that a fan-out pays with.
 *
 * Story     Nearly all of a delivery is the kernel's TCP. The same program costs 3 µs per delivery on one virtual machine
 *           and 8 µs on another, so figures of two runs can be compared only beside what these took in each of them.
 */
#ifndef BENCH_CALIBRATE_H
#define BENCH_CALIBRATE_H

#include <stdbool.h>

struct calibration {
    double syscall_ns;  /* the cheapest system call there is */
    double loopback_ns; /* a 100 byte send() over loopback TCP and the recv() of it */
    double stolen;      /* share of the time in which a busy loop did not run: the host, or other processes */
};

/* Takes about half a second. False: no socket to be had. */
bool calibrate(struct calibration *c);

#endif
