/*
 * probe.h - for --check: asks the instance on this machine's port, through a blocking socket, whether it is ready.
 */
#ifndef APP_PROBE_H
#define APP_PROBE_H

#include <stdbool.h>

struct config;

/* Is the instance ready (with TLS: does it listen)? Waits 2 seconds at most, and prints the result. */
bool probe_is_ready(const struct config *config);

#endif
