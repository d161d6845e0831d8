/*
 * gap.c - the names of the reasons. It makes no difference to a browser whether Redis lost entries or was flushed.
 */
#include "words/gap.h"

const char *gap_reason_name(enum gap_reason reason)
{
    switch (reason) {
    case GAP_AHEAD:
        return "ahead";
    case GAP_RESET:
    case GAP_LOST:
        return "reset";
    case GAP_TRIMMED:
        return "trimmed";
    case GAP_EXPIRED:
        return "expired";
    case GAP_TOO_BIG:
        return "too_big";
    case GAP_OVERLOAD:
        return "overload";
    }
    return "unknown";
}
