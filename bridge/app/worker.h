/*
 * worker.h - the work of one process: a loop, and on it what serves browsers, what records, or both.
 *
 * Story     The supervisor runs it in a child per worker (WORKER_SERVES) and one for the recorder (WORKER_RECORDS);
 *           --foreground runs both parts on one loop.
 * Promise   After SIGTERM every stream ends at an event boundary, publishes in flight are finished, the recorder's seat
 *           is handed over, everything is freed, and WORKER_DONE comes back.
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
#define WORKER_FAILED 1    /* worth another try, later */
#define WORKER_HOPELESS 78 /* it will not work however often it is tried: EX_CONFIG of sysexits.h */

struct worker_task {
    enum worker_parts parts;
    const char *role;    /* names the process in the log */
    struct board *board; /* where it says how it does; borrowed */
    unsigned number;     /* a worker's place there, from 0 */
    int listening;       /* the socket that its newcomers knock at; taken. Of no meaning unless it serves */
};

/* Run until SIGTERM or SIGINT, then end within config->drain_ms. */
MUST_CHECK int worker_run(const struct config *config, const struct worker_task *task);

/*
 * Of the time that a drain may take, how much streams and publishes get. What is left is for the supervisor to cut
 * workers that do not end (half of it) and for the recorder to leave after them.
 */
uint64_t worker_drain_ms(const struct config *config);

#endif
