/*
 * worker.h - the work of one process: an event loop that serves browsers, or records, or both.
 *
 * Story     The supervisor runs it in a child per worker (WORKER_SERVES) and one for the recorder (WORKER_RECORDS);
 *           --foreground runs both parts on one loop.
 * Promise   After SIGTERM every stream ends at an event boundary, publishes in flight are finished, the recorder's seat
 *           is handed over, everything is freed, and worker_run() returns WORKER_DONE.
 */
#ifndef APP_WORKER_H
#define APP_WORKER_H

#include "base/check.h"

#include <stdint.h>

struct config;
struct board;

enum worker_parts {
    WORKER_SERVES = 1,
    WORKER_RECORDS = 2,
};

/* How a worker ends; exit codes. */
#define WORKER_DONE 0
#define WORKER_FAILED 1    /* worth another try later */
#define WORKER_HOPELESS 78 /* another try would fail too: EX_CONFIG of sysexits.h */

struct worker_task {
    enum worker_parts parts;
    const char *role;    /* names the process in the log */
    struct board *board; /* where it reports its state; borrowed */
    unsigned number;     /* a worker's index there, from 0 */
    int listening;       /* its listening socket; worker_run() takes ownership. Only if it serves */
};

/* Run until SIGTERM or SIGINT, then shut down within config->drain_ms. Returns one of the exit codes above. */
MUST_CHECK int worker_run(const struct config *config, const struct worker_task *task);

/*
 * How much of config->drain_ms streams and publishes get. What is left is for the supervisor to kill workers that have
 * not ended (after half of it), and then for the recorder to hand its seat over.
 */
uint64_t worker_drain_ms(const struct config *config);

#endif
