/*
 * marker.h - an entry in place of messages that could not be recorded, so that whoever reads the log is told of a gap there.
 *
 * Story     A marker has no payload. Its event name is U+0001 and the reason, which no message can have, as an event name
 *           has no control characters. To browsers it is a gap: after the entry before it, and going on with itself.
 */
#ifndef WORDS_MARKER_H
#define WORDS_MARKER_H

#include "base/bytes.h"
#include "base/check.h"
#include "words/gap.h"

#include <stdbool.h>

#define MARKER_BEGIN "\001"

/* The event name of the markers with this reason: GAP_TOO_BIG or GAP_OVERLOAD. Static. */
const char *marker_event(enum gap_reason reason);

/* Is this the event name of a marker? If so, *reason says why; a reason that is not known is taken for GAP_OVERLOAD. */
MUST_CHECK bool marker_parse(struct bytes event, enum gap_reason *reason);

#endif
