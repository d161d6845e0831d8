/*
 * marker.c - the event names of markers.
 */
#include "words/marker.h"

#include <string.h>

#define TOO_BIG MARKER_BEGIN "too_big"
#define OVERLOAD MARKER_BEGIN "overload"

const char *marker_event(enum gap_reason reason)
{
    return reason == GAP_TOO_BIG ? TOO_BIG : OVERLOAD;
}

bool marker_parse(struct bytes event, enum gap_reason *reason)
{
    *reason = bytes_is(event, TOO_BIG) ? GAP_TOO_BIG : GAP_OVERLOAD;
    return bytes_begins(event, MARKER_BEGIN);
}
