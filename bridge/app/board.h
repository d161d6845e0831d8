/*
 * board.h - the state that the processes of an instance share: one page of memory.
 *
 * Story     Workers share a port, so any of them may get a request for /readyz or /metrics, and must answer for the
 *           whole instance. So each process writes its own part of the state to the board.
 * Promise   Every call is some atomic loads or stores, without locks. Values may be a moment old, and values that are
 *           read together may be from different moments.
 */
#ifndef APP_BOARD_H
#define APP_BOARD_H

#include "base/check.h"

#include <stdbool.h>
#include <stdint.h>

#define BOARD_WORKERS_MAX 64

struct board;
struct recorder_status;

enum board_word {
    BOARD_ABSENT, /* is not running; connections to its socket wait until it is */
    BOARD_COMING, /* is running, but not ready */
    BOARD_READY,
};

/* All workers begin as BOARD_COMING, and nothing is known of the recorder, if there is one. NULL: no memory. Child
 * processes inherit the page; it is gone with the last of them. */
MUST_CHECK struct board *board_new(unsigned workers, bool has_recorder);
void board_free(struct board *board);

void board_say_worker(struct board *board, unsigned worker, enum board_word word);
/* Open streams, and requests that wait for their access check. */
void board_say_connections(struct board *board, unsigned worker, unsigned connections, unsigned parked);
/* This many more streams were disconnected because they accepted no data. */
void board_add_stalled(struct board *board, uint64_t streams);
/* This many more messages of ephemeral channels were too large. */
void board_add_ephemeral_refused(struct board *board, uint64_t messages);
/* This many more streams ended for this reason, an enum ending (serve/ending.h). */
void board_add_ended(struct board *board, unsigned ending, uint64_t streams);
/* A recorder process begins, or has died: nothing is known of it. */
void board_reset_recorder(struct board *board);
void board_say_recorder(struct board *board, const struct recorder_status *status);

/* NULL if every running worker is ready, and the recorder `had_place` (recorder_status); else what is missing. */
const char *board_missing(const struct board *board);
unsigned board_workers_ready(const struct board *board);
/* Sums over all workers that are ready. */
unsigned board_connections(const struct board *board);
unsigned board_parked(const struct board *board);
/* Sums since the instance started. */
uint64_t board_stalled(const struct board *board);
uint64_t board_ephemeral_refused(const struct board *board);
uint64_t board_ended(const struct board *board, unsigned ending);
void board_recorder(const struct board *board, struct recorder_status *out);
bool board_has_recorder(const struct board *board);

#endif
