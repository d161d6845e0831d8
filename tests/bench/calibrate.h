/*
 * calibrate.h - how fast this machine is right now at what a fan-out consists of.
 *
 * Story     Nearly all the cost of a delivery is the kernel's TCP. The same program takes 3 µs per delivery on one
 *           virtual machine and 8 µs on another, so compare figures of two runs only together with these values.
 */
#ifndef BENCH_CALIBRATE_H
#define BENCH_CALIBRATE_H

#include <stdbool.h>

struct calibration {
    double syscall_ns;  /* a minimal system call: getppid() */
    double loopback_ns; /* a send() of 100 bytes over loopback TCP, and its recv() */
    double stolen;      /* share (0..1) of the time that the host or other processes took from a busy loop */
};

/* Takes about half a second. False: no loopback connection was possible. */
bool calibrate(struct calibration *c);

#endif
