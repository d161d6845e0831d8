/*
 * capacity.h - what the system lets this process use: processors and open files.
 */
#ifndef APP_CAPACITY_H
#define APP_CAPACITY_H

#include "base/bytes.h"

/* Processors that this process may use, at least 1: its affinity, and the share that its cgroup grants. */
unsigned capacity_processors(void);

/* Processors that a cgroup's cpu.max grants, rounded up: "150000 100000" is 150 ms of CPU time in each 100 ms, so 2.
 * 0: no limit ("max 100000"), or the text is not valid. */
unsigned capacity_granted(struct bytes cpu_max);

/* Raise the limit on open files as far as is allowed and sensible (see capacity.c). Returns the limit now in force. */
unsigned capacity_raise_files(void);

#endif
