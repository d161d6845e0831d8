/*
 * board.h - what the processes of an instance tell each other: one page of memory that all of them share.
 *
 * Story     Workers share a port, so any of them may be asked whether the instance is ready, and how it does; the answer
 *           must hold for whichever of them is reached next. So each writes what concerns it on the board.
 * Promise   Every call is a few loads or stores; nobody waits for anybody. What is read may be a moment old, and of two
 *           moments.
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
    BOARD_ABSENT, /* does not run; whoever is dealt to it waits until it does */
    BOARD_COMING, /* runs, is not ready */
    BOARD_READY,
};

/* All workers are coming; of the recorder, where there is one, nothing is known. NULL: no memory. Inherited by children;
 * goes with the last process. */
MUST_CHECK struct board *board_new(unsigned workers, bool has_recorder);
void board_free(struct board *board);

void board_say_worker(struct board *board, unsigned worker, enum board_word word);
/* Open streams, and requests that wait until it is known who asks. */
void board_say_connections(struct board *board, unsigned worker, unsigned connections, unsigned parked);
/* So many more streams were cut because they took nothing. */
void board_add_stalled(struct board *board, uint64_t streams);
/* So many more streams ended for this reason: one of enum ending (serve/ending.h), as below. */
void board_add_ended(struct board *board, unsigned ending, uint64_t streams);
/* A recorder process begins: nothing of it is known. */
void board_reset_recorder(struct board *board);
void board_say_recorder(struct board *board, const struct recorder_status *status);

/* NULL where every worker that runs is ready, and the recorder had a place; else what is missing. */
const char *board_missing(const struct board *board);
unsigned board_workers_ready(const struct board *board);
/* Of all workers that run. */
unsigned board_connections(const struct board *board);
unsigned board_parked(const struct board *board);
/* Since the instance began. */
uint64_t board_stalled(const struct board *board);
uint64_t board_ended(const struct board *board, unsigned ending);
void board_recorder(const struct board *board, struct recorder_status *out);
bool board_has_recorder(const struct board *board);

#endif
