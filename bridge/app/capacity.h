/*
 * capacity.h - what the system lets this process use: processors and open files.
 */
#ifndef APP_CAPACITY_H
#define APP_CAPACITY_H

/* Processors that this process may use, at least 1: its affinity, and the share that its cgroup grants. */
unsigned capacity_processors(void);

/* Raise the limit of open files as far as is allowed and sane; the limit that holds from now on comes back. */
unsigned capacity_raise_files(void);

#endif
