/*
 * roll.h - which workers of this instance are ready: one page of memory that supervisor and workers share.
 *
 * Story     Workers share a port, so any of them may be asked whether the instance is ready; the answer must hold for
 *           whichever of them the next browser reaches.
 * Promise   Every call is one load or store of a byte; nobody waits for anybody.
 */
#ifndef APP_ROLL_H
#define APP_ROLL_H

#include "base/check.h"

#include <stdbool.h>

#define ROLL_MAX 64

struct roll;

enum roll_word {
    ROLL_ABSENT, /* does not run, and so is not reached */
    ROLL_COMING, /* runs, is not ready */
    ROLL_READY,
};

/* All are coming. NULL: no memory. Inherited by children; goes with the last process. */
MUST_CHECK struct roll *roll_new(unsigned workers);
void roll_free(struct roll *roll);

void roll_say(struct roll *roll, unsigned worker, enum roll_word word);
/* Is every worker that runs ready? */
bool roll_is_ready(const struct roll *roll);

#endif
