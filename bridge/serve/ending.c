/*
 * ending.c - the reasons' names, and the reasons that refusals are.
 */
#include "serve/ending.h"

#include "access/problem.h"
#include "base/check.h"

static const char *const ending_names[ENDINGS] = {
    [ENDING_AGE] = "age",       [ENDING_DRAIN] = "drain",   [ENDING_STALLED] = "stalled",
    [ENDING_WRITE] = "write",   [ENDING_SILENT] = "silent", [ENDING_LEFT] = "left",
    [ENDING_CLOSED] = "closed", [ENDING_POLICY] = "policy", [ENDING_UNAVAILABLE] = "unavailable",
    [ENDING_MEMORY] = "memory",
};

const char *ending_name(enum ending ending)
{
    CHECK(ending < ENDINGS);
    return ending_names[ending];
}

enum ending ending_of(const struct problem *problem)
{
    switch (problem->close) {
    case WS_CLOSE_RESTART:
        return ENDING_DRAIN;
    case WS_CLOSE_LATER:
        return ENDING_UNAVAILABLE;
    case WS_CLOSE_INTERNAL:
        return ENDING_MEMORY;
    case WS_CLOSE_SILENT:
        return ENDING_SILENT;
    case WS_CLOSE_NONE:
    case WS_CLOSE_POLICY:
    case WS_CLOSE_TOO_BIG:
    case WS_CLOSE_FORBIDDEN:
        break;
    }
    return ENDING_POLICY;
}
