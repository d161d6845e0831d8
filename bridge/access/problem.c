/*
 * problem.c - the table.
 */
#include "access/problem.h"

#include "base/check.h"

#define FINAL true
#define COME_BACK false

static const struct problem problem_rows[PROBLEM_COUNT] = {
    [PROBLEM_BAD_REQUEST] = {"bad_request", 400, WS_CLOSE_POLICY, FINAL, "this request makes no sense here"},
    [PROBLEM_BAD_SUBPROTOCOL] = {"bad_subprotocol", 400, WS_CLOSE_NONE, FINAL,
                                 "none of these subprotocols is spoken here"},
    [PROBLEM_BAD_CHANNEL] = {"bad_channel", 400, WS_CLOSE_POLICY, FINAL, "this is no name of a channel"},
    [PROBLEM_BAD_CURSOR] = {"bad_cursor", 400, WS_CLOSE_POLICY, FINAL, "the last event id is not one of ours"},
    [PROBLEM_BAD_FORMAT] = {"bad_format", 400, WS_CLOSE_POLICY, FINAL, "format is json, or not said"},
    [PROBLEM_BAD_LIMIT] = {"bad_limit", 400, WS_CLOSE_NONE, FINAL, "limit is a number from 1 to 1000"},
    [PROBLEM_BAD_FRAME] = {"bad_frame", 400, WS_CLOSE_POLICY, FINAL, "this is no frame of bridge.v1.json"},
    [PROBLEM_BAD_EVENT] = {"bad_frame", 400, WS_CLOSE_NONE, FINAL, "event is a name like a channel's"},
    [PROBLEM_TOO_MANY_CHANNELS] = {"too_many_channels", 400, WS_CLOSE_POLICY, FINAL,
                                   "more channels than one connection may have"},
    [PROBLEM_FORBIDDEN] = {"forbidden", 403, WS_CLOSE_FORBIDDEN, FINAL, "not open to you"},
    [PROBLEM_NOT_FOUND] = {"not_found", 404, WS_CLOSE_NONE, FINAL, "there is nothing at this path"},
    [PROBLEM_METHOD_NOT_ALLOWED] = {"method_not_allowed", 405, WS_CLOSE_NONE, FINAL,
                                    "the methods are in the Allow header"},
    [PROBLEM_LENGTH_REQUIRED] = {"length_required", 411, WS_CLOSE_NONE, FINAL, "the body needs a Content-Length"},
    [PROBLEM_TOO_LARGE] = {"too_large", 413, WS_CLOSE_TOO_BIG, FINAL, "the payload is larger than max_payload"},
    [PROBLEM_UPGRADE_REQUIRED] = {"upgrade_required", 426, WS_CLOSE_NONE, FINAL, "this is for WebSockets"},
    [PROBLEM_ALREADY_SUBSCRIBED] = {"already_subscribed", 0, WS_CLOSE_NONE, FINAL, "you listen to it already"},
    [PROBLEM_NOT_SUBSCRIBED] = {"not_subscribed", 0, WS_CLOSE_NONE, FINAL, "you don't listen to it"},
    [PROBLEM_TOO_FAST] = {"too_fast", 0, WS_CLOSE_NONE, COME_BACK, "too many answers are still owed to you"},
    [PROBLEM_UNAVAILABLE] = {"unavailable", 503, WS_CLOSE_LATER, COME_BACK, "Redis can't be reached"},
    [PROBLEM_UNANSWERED] = {"unavailable", 503, WS_CLOSE_LATER, COME_BACK,
                            "it can't be found out at the moment what you may, come back later"},
    [PROBLEM_NO_MEMORY] = {"unavailable", 503, WS_CLOSE_INTERNAL, COME_BACK, "no memory"},
    [PROBLEM_NO_ROOM] = {"unavailable", 503, WS_CLOSE_LATER, COME_BACK, "no room at the moment, come back later"},
    [PROBLEM_LEAVING] = {"unavailable", 503, WS_CLOSE_RESTART, COME_BACK, "this instance is going, come back"},
    [PROBLEM_AGE] = {"age", 0, WS_CLOSE_RESTART, COME_BACK, "end of this connection's time, come back"},
    [PROBLEM_SILENT] = {"silent", 0, WS_CLOSE_SILENT, COME_BACK, "no pong"},
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
    return (struct refusal){problem_of(id), text};
}
