/*
 * problem.h - everything that can be the matter with what a client asks: one row each, for HTTP, Server-Sent Events and
 *             WebSocket alike.
 *
 * Story     Whoever refuses names a row, and may have a more exact text; whoever answers knows from the row how that is
 *           said: by a status, by an error frame, by a close code.
 */
#ifndef ACCESS_PROBLEM_H
#define ACCESS_PROBLEM_H

#include <stdbool.h>

/* RFC 6455, 7.4.1, and the registry that it founds; ours from 4400. */
enum ws_close {
    WS_CLOSE_NONE = 0, /* it does not end a connection */
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
    const char *code;     /* what programs read, in an answer's error and in an error frame */
    unsigned status;      /* of the answer over HTTP; 0: it does not come up there */
    enum ws_close close;  /* of a WebSocket that it ends */
    bool is_final;        /* the same again will be refused again: a client shall not just repeat it */
    const char *sentence; /* what people read, where nothing more exact is known */
};

const struct problem *problem_of(enum problem_id id);

/* Why not. Whoever is asked "may it?" answers with this. */
struct refusal {
    const struct problem *problem; /* NULL: it may */
    const char *text;              /* a sentence; fixed, or alive as long as what was asked about */
};

#define REFUSAL_NONE ((struct refusal){0})

/* With the sentence of the table. */
struct refusal refusal_of(enum problem_id id);
/* With a sentence that fits better. */
struct refusal refusal_because(enum problem_id id, const char *text);

#endif
