/*
 * catch_up.h - members that came later, or lost their place, on their way to the place of the others.
 */
#ifndef BROKER_CATCH_UP_H
#define BROKER_CATCH_UP_H

#include "base/check.h"

#include <stdbool.h>

struct strand;

/* Bring those that are not merged up to the strand's place. false: not there yet; the strand's state says what for. */
MUST_CHECK bool catch_up(struct strand *strand);

/* Where all whom the place covered have left, it is that of the next one. false: that is not known yet; the strand waits. */
MUST_CHECK bool catch_up_adopt(struct strand *strand);

#endif
