/*
 * supervisor.h - the parent of all processes of an instance.
 *
 * Story     It forks one recorder (if there is something to record) and the workers, and restarts those that die. On
 *           SIGTERM or SIGINT it shuts them down in order: workers first, so that what they still publish is recorded,
 *           then the recorder. It has no event loop and no connection to Redis, so there is little that could break it.
 *           It holds the listening sockets, so that connections to a worker that has died wait for the next one.
 * Promise   No child outlives it, even if it is killed with SIGKILL. As PID 1 of a container it reaps orphans.
 */
#ifndef APP_SUPERVISOR_H
#define APP_SUPERVISOR_H

#include "base/check.h"

#include <stdint.h>

struct config;
struct sockets;

/* Run until SIGTERM or SIGINT, or until a child ends with WORKER_HOPELESS. `sockets` has one for each worker; they are
 * closed when the shutdown begins. Returns the exit code; does not return in a child. */
MUST_CHECK int supervisor_run(const struct config *config, struct sockets *sockets);

/* The longest time to wait before a child that died `failures` times in a row (at least once) is started again. The
 * actual time is random, from 0 to this, so that instances with the same problem do not restart in step. */
uint64_t supervisor_backoff_ms(unsigned failures);

#endif
