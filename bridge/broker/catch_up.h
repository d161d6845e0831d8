/*
 * catch_up.h - brings members that were added later, or lost their place, up to the place of the others.
 */
#ifndef BROKER_CATCH_UP_H
#define BROKER_CATCH_UP_H

#include "base/check.h"

#include <stdbool.h>

struct strand;

/* Bring the members that are not merged up to the strand's place. false: not there yet; the strand's state says why. */
MUST_CHECK bool catch_up(struct strand *strand);

/* If all merged members have left, make the first remaining member's place that of the strand. false: it is not known
 * yet; the strand waits. */
MUST_CHECK bool catch_up_adopt(struct strand *strand);

#endif
