/*
 * problem.h - every reason for which a client can be refused: one row each, the same for HTTP, Server-Sent Events and
 *             WebSocket.
 *
 * Story     The code that refuses names a row, and may give a more exact sentence. The code that answers reads from the
 *           row how its protocol expresses that: as a status, an error frame or a close code. The protocol page
 *           (bridge/web/README.md) shows this table.
 */
#ifndef ACCESS_PROBLEM_H
#define ACCESS_PROBLEM_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* RFC 6455, 7.4.1 and its IANA registry; the private codes are 4400 and up. */
enum ws_close {
    WS_CLOSE_NONE = 0, /* does not end a connection */
    WS_CLOSE_POLICY = 1008,
    WS_CLOSE_TOO_BIG = 1009,
    WS_CLOSE_INTERNAL = 1011,
    WS_CLOSE_RESTART = 1012,
    WS_CLOSE_LATER = 1013,
    WS_CLOSE_FORBIDDEN = 4403,
    WS_CLOSE_SILENT = 4408,
};

enum problem_id {
    PROBLEM_BAD_REQUEST,
    PROBLEM_BAD_SUBPROTOCOL,
    PROBLEM_BAD_CHANNEL,
    PROBLEM_BAD_CURSOR,
    PROBLEM_BAD_FORMAT,
    PROBLEM_BAD_LIMIT,
    PROBLEM_BAD_FRAME,
    PROBLEM_BAD_EVENT,
    PROBLEM_TOO_MANY_CHANNELS,
    PROBLEM_FORBIDDEN,
    PROBLEM_NOT_FOUND,
    PROBLEM_METHOD_NOT_ALLOWED,
    PROBLEM_LENGTH_REQUIRED,
    PROBLEM_TOO_LARGE,
    PROBLEM_UPGRADE_REQUIRED,
    PROBLEM_ALREADY_SUBSCRIBED,
    PROBLEM_NOT_SUBSCRIBED,
    PROBLEM_TOO_FAST,
    PROBLEM_UNAVAILABLE,
    PROBLEM_UNANSWERED,
    PROBLEM_NO_MEMORY,
    PROBLEM_NO_ROOM,
    PROBLEM_LEAVING,
    PROBLEM_AGE,
    PROBLEM_SILENT,
    PROBLEM_COUNT,
};

struct problem {
    const char *code;     /* for programs: in the error object of an answer and in an error frame */
    unsigned status;      /* of the answer over HTTP; 0: does not occur there */
    enum ws_close close;  /* of a WebSocket that ends because of it */
    bool is_final;        /* repeating the same request is useless: it will be refused again */
    const char *sentence; /* for people, if nothing more exact is known; at most 123 bytes, so it fits a close frame */
};

const struct problem *problem_of(enum problem_id id);

#define REFUSAL_TEXT_MAX 512

/* The result of a check: refused, and why; or not. */
struct refusal {
    const struct problem *problem; /* NULL: not refused */
    const char *text;              /* a fixed sentence, in which %s stands for the subject or %u for the number, once */
    struct bytes subject;          /* what the client sent; borrowed from the request or message that is refused */
    uint64_t number;
};

#define REFUSAL_NONE ((struct refusal){0})

/* With the sentence of the row. */
struct refusal refusal_of(enum problem_id id);
/* With a more exact sentence. */
struct refusal refusal_because(enum problem_id id, const char *text);
/* With a sentence that quotes what the client sent: "channel %s is not open". */
struct refusal refusal_about(enum problem_id id, const char *text, struct bytes subject);
/* With a sentence that says a limit: "at most %u bytes". */
struct refusal refusal_limit(enum problem_id id, const char *text, uint64_t number);
/* The same for the two limits that several doors check. */
struct refusal refusal_too_large(uint64_t max_payload);
struct refusal refusal_too_many_channels(unsigned max_channels);

/* The sentence with its subject or number filled in, as UTF-8 without control characters. The subject is quoted, cut
 * after 64 bytes, and escaped as \xNN if it is not printable UTF-8. */
const char *refusal_print(char out[static REFUSAL_TEXT_MAX], struct refusal refusal);
#define REFUSAL_TEXT(refusal) refusal_print((char[REFUSAL_TEXT_MAX]){0}, (refusal))

#endif
