/*
 * supervisor.h - the parent of all processes of an instance.
 *
 * Story     It forks one recorder (where there is something to record) and the workers, starts anew what dies, and on
 *           SIGTERM or SIGINT takes them down in order: workers first, so that what they still publish is recorded,
 *           then the recorder. It has no loop and no Redis, and so nothing that could break it. It holds the listening
 *           sockets, so that whoever connects while a worker is away waits for the next.
 * Promise   No child outlives it, even if it is killed with SIGKILL. As PID 1 of a container it reaps orphans.
 */
#ifndef APP_SUPERVISOR_H
#define APP_SUPERVISOR_H

#include "base/check.h"

#include <stdint.h>

struct config;
struct sockets;

/* Run until told to end, with a socket for each worker; they are closed then. The exit code comes back. In a child it
 * does not return. */
MUST_CHECK int supervisor_run(const struct config *config, struct sockets *sockets);

/* The longest time to wait before a child that died `failures` times in a row (at least once) is started again. The
 * time itself is rolled from 0 to it, so that instances that share a trouble do not come back in step. */
uint64_t supervisor_backoff_ms(unsigned failures);

#endif
