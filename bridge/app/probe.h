/*
 * probe.h - looks at our port from outside, with plain blocking sockets: before anything runs, and from a health check.
 */
#ifndef APP_PROBE_H
#define APP_PROBE_H

#include "base/check.h"

#include <stdbool.h>

struct config;

/* Could we listen there? Else the reason is in the log. Workers share the port, so this must be asked before them. */
MUST_CHECK bool probe_is_free(const struct config *config);

/* Is the instance that listens there ready (with TLS: does it listen)? Waits 2 seconds at most; says what it found. */
bool probe_is_ready(const struct config *config);

#endif
