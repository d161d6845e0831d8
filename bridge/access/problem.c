/*
 * problem.c - the table, and the sentences made from it.
 */
#include "access/problem.h"

#include "base/check.h"
#include "base/log.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SUBJECT_MAX 64 /* bytes of a quoted subject */

#define FINAL true
#define RETRY false

static const struct problem problem_rows[PROBLEM_COUNT] = {
    [PROBLEM_BAD_REQUEST] = {"bad_request", 400, WS_CLOSE_NONE, FINAL, "the request is malformed"},
    [PROBLEM_BAD_SUBPROTOCOL] = {"bad_subprotocol", 400, WS_CLOSE_NONE, FINAL,
                                 "none of the offered WebSocket subprotocols is supported"},
    [PROBLEM_BAD_CHANNEL] = {"bad_channel", 400, WS_CLOSE_POLICY, FINAL, "the channel name is missing or invalid"},
    [PROBLEM_BAD_CURSOR] = {"bad_cursor", 400, WS_CLOSE_POLICY, FINAL,
                            "the starting point is not an id of this server"},
    [PROBLEM_BAD_FORMAT] = {"bad_format", 400, WS_CLOSE_NONE, FINAL, "format must be json or text"},
    [PROBLEM_BAD_LIMIT] = {"bad_limit", 400, WS_CLOSE_NONE, FINAL, "limit must be a whole number, 1 or more"},
    [PROBLEM_BAD_FRAME] = {"bad_frame", 0, WS_CLOSE_POLICY, FINAL, "the message is not a valid bridge.v1.json frame"},
    [PROBLEM_BAD_EVENT] = {"bad_frame", 0, WS_CLOSE_NONE, FINAL,
                           "event follows the rules for channel names, and may not be cursor or gap"},
    [PROBLEM_TOO_MANY_CHANNELS] = {"too_many_channels", 400, WS_CLOSE_POLICY, FINAL,
                                   "too many channels and patterns for one connection (BRIDGE_MAX_CHANNELS)"},
    [PROBLEM_FORBIDDEN] = {"forbidden", 403, WS_CLOSE_FORBIDDEN, FINAL, "the server's settings do not allow this"},
    [PROBLEM_NOT_FOUND] = {"not_found", 404, WS_CLOSE_NONE, FINAL, "this server has no such path"},
    [PROBLEM_METHOD_NOT_ALLOWED] = {"method_not_allowed", 405, WS_CLOSE_NONE, FINAL,
                                    "the Allow header lists the methods of this path"},
    [PROBLEM_LENGTH_REQUIRED] = {"length_required", 411, WS_CLOSE_NONE, FINAL,
                                 "the body needs a Content-Length; chunked bodies are not accepted"},
    [PROBLEM_TOO_LARGE] = {"too_large", 413, WS_CLOSE_TOO_BIG, FINAL, "the payload is too large (BRIDGE_MAX_PAYLOAD)"},
    [PROBLEM_UPGRADE_REQUIRED] = {"upgrade_required", 426, WS_CLOSE_NONE, FINAL,
                                  "this path accepts only WebSocket handshakes"},
    [PROBLEM_ALREADY_SUBSCRIBED] = {"already_subscribed", 0, WS_CLOSE_NONE, FINAL,
                                    "this connection is already subscribed to the channel"},
    [PROBLEM_NOT_SUBSCRIBED] = {"not_subscribed", 0, WS_CLOSE_NONE, FINAL,
                                "this connection is not subscribed to the channel"},
    [PROBLEM_TOO_FAST] = {"too_fast", 0, WS_CLOSE_NONE, RETRY,
                          "256 frames are not answered yet; wait for answers before sending more"},
    [PROBLEM_UNAVAILABLE] = {"unavailable", 503, WS_CLOSE_LATER, RETRY, "Redis cannot be reached; try again later"},
    [PROBLEM_UNANSWERED] = {"unavailable", 503, WS_CLOSE_LATER, RETRY,
                            "access could not be checked in time; try again later"},
    [PROBLEM_NO_MEMORY] = {"unavailable", 503, WS_CLOSE_INTERNAL, RETRY, "out of memory; try again later"},
    [PROBLEM_NO_ROOM] = {"unavailable", 503, WS_CLOSE_LATER, RETRY,
                         "all connections are in use (BRIDGE_MAX_CONNECTIONS); try again later"},
    [PROBLEM_LEAVING] = {"unavailable", 503, WS_CLOSE_RESTART, RETRY, "this instance is shutting down; reconnect"},
    [PROBLEM_AGE] = {"age", 0, WS_CLOSE_RESTART, RETRY,
                     "the connection has reached its maximum age (BRIDGE_MAX_AGE); reconnect"},
    [PROBLEM_SILENT] = {"silent", 0, WS_CLOSE_SILENT, RETRY, "no pong was received in time; reconnect"},
};

const struct problem *problem_of(enum problem_id id)
{
    CHECK(id < PROBLEM_COUNT);
    return &problem_rows[id];
}

struct refusal refusal_of(enum problem_id id)
{
    return refusal_because(id, problem_of(id)->sentence);
}

struct refusal refusal_because(enum problem_id id, const char *text)
{
    return (struct refusal){.problem = problem_of(id), .text = text};
}

struct refusal refusal_about(enum problem_id id, const char *text, struct bytes subject)
{
    return (struct refusal){.problem = problem_of(id), .text = text, .subject = subject};
}

struct refusal refusal_limit(enum problem_id id, const char *text, uint64_t number)
{
    return (struct refusal){.problem = problem_of(id), .text = text, .number = number};
}

struct refusal refusal_too_large(uint64_t max_payload)
{
    return refusal_limit(PROBLEM_TOO_LARGE, "a payload may have at most %u bytes (BRIDGE_MAX_PAYLOAD)", max_payload);
}

struct refusal refusal_too_many_channels(unsigned max_channels)
{
    return refusal_limit(PROBLEM_TOO_MANY_CHANNELS,
                         "at most %u channels and patterns per connection (BRIDGE_MAX_CHANNELS)", max_channels);
}

/* --- sentences ---------------------------------------------------------------------------------------------------- */

/* What is no text, or changes how text beside it is shown: controls (U+0000-001F, U+007F-009F), directions (U+202A-202E,
 * U+2066-2069). */
static bool problem_is_printable(struct bytes subject)
{
    const unsigned char *at = (const unsigned char *)subject.data;
    if (!utf8_is_valid(subject.data, subject.len) || utf8_has_control(subject.data, subject.len))
        return false;
    for (size_t i = 0; i < subject.len; i++)
        if ((at[i] == 0xE2 && at[i + 1] == 0x80 && at[i + 2] >= 0xAA && at[i + 2] <= 0xAE) ||
            (at[i] == 0xE2 && at[i + 1] == 0x81 && at[i + 2] >= 0xA6 && at[i + 2] <= 0xA9))
            return false;
    return true;
}

/* Printable text stays as it is, and is not cut in the middle of a character; anything else is escaped. */
static const char *problem_subject_print(char out[static LOG_TEXT_MAX], struct bytes subject)
{
    if (!problem_is_printable(subject))
        return log_text(out, subject.data, subject.len < SUBJECT_MAX ? subject.len : SUBJECT_MAX);
    size_t len = utf8_fit(subject.data, subject.len, SUBJECT_MAX);
    snprintf(out, LOG_TEXT_MAX, "%.*s%s", (int)len, len > 0 ? subject.data : "", len < subject.len ? "..." : "");
    return out;
}

const char *refusal_print(char out[static REFUSAL_TEXT_MAX], struct refusal refusal)
{
    const char *mark = strchr(refusal.text, '%'), *rest = mark ? mark + 2 : "";
    int before = mark ? (int)(mark - refusal.text) : (int)strlen(refusal.text);
    char subject[LOG_TEXT_MAX];
    if (mark && mark[1] == 'u')
        snprintf(out, REFUSAL_TEXT_MAX, "%.*s%" PRIu64 "%s", before, refusal.text, refusal.number, rest);
    else if (mark)
        snprintf(out, REFUSAL_TEXT_MAX, "%.*s\"%s\"%s", before, refusal.text,
                 problem_subject_print(subject, refusal.subject), rest);
    else
        snprintf(out, REFUSAL_TEXT_MAX, "%s", refusal.text);
    return out;
}
