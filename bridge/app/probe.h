/*
 * probe.h - looks at our port from outside, with a plain blocking socket, for a health check.
 */
#ifndef APP_PROBE_H
#define APP_PROBE_H

#include <stdbool.h>

struct config;

/* Is the instance that listens there ready (with TLS: does it listen)? Waits 2 seconds at most; says what it found. */
bool probe_is_ready(const struct config *config);

#endif
