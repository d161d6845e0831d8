/*
 * ending.c - the table of reasons, and which of them each problem counts as.
 */
#include "serve/ending.h"

#include "access/problem.h"
#include "base/check.h"

static const struct {
    const char *name, *sentence;
} ending_rows[ENDINGS] = {
    [ENDING_AGE] = {"age", "it had reached its maximum age (`BRIDGE_MAX_AGE`)"},
    [ENDING_DRAIN] = {"drain", "the instance was shutting down"},
    [ENDING_STALLED] = {"stalled", "the browser accepted no data for `BRIDGE_STALL`"},
    [ENDING_WRITE] = {"write", "writing to the connection failed"},
    [ENDING_SILENT] = {"silent", "a WebSocket client did not answer pings"},
    [ENDING_LEFT] = {"left", "a WebSocket client sent a close frame"},
    [ENDING_CLOSED] = {"closed", "the browser or a proxy closed the connection"},
    [ENDING_POLICY] = {"policy", "the client asked for what is not allowed, or sent malformed frames"},
    [ENDING_UNAVAILABLE] = {"unavailable",
                            "no connection was free, an access check had no answer, or a raw WebSocket could not publish"},
    [ENDING_MEMORY] = {"memory", "no memory was free"},
};

const char *ending_name(enum ending ending)
{
    CHECK(ending < ENDINGS);
    return ending_rows[ending].name;
}

const char *ending_sentence(enum ending ending)
{
    CHECK(ending < ENDINGS);
    return ending_rows[ending].sentence;
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
