/*
 * capacity.h - what the system lets this process use: processors and open files.
 */
#ifndef APP_CAPACITY_H
#define APP_CAPACITY_H

#include "base/bytes.h"

/* Processors that this process may use, at least 1: its affinity, and the share that its cgroup grants. */
unsigned capacity_processors(void);

/* Processors that a cgroup's cpu.max grants, rounded up: "150000 100000" is 150 of each 100 ms, so 2. 0: as many as there
 * are ("max 100000"), or it is something else. */
unsigned capacity_granted(struct bytes cpu_max);

/* Raise the limit of open files as far as is allowed and sane; the limit that holds from now on comes back. */
unsigned capacity_raise_files(void);

#endif
