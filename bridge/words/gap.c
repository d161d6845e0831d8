/*
 * gap.c - the reasons' names. Whether Redis lost something or was flushed is the same to a browser.
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
    }
    return "unknown";
}
