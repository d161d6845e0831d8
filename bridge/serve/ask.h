/*
 * ask.h - what a request asks for: which channels, from which starting point, how many entries, in which format.
 *
 * Story     The one place that turns a URL's arguments and the Last-Event-ID into channels, a start and a limit. The
 *           starts in WebSocket frames are made here too.
 */
#ifndef SERVE_ASK_H
#define SERVE_ASK_H

#include "access/problem.h"
#include "base/bytes.h"
#include "base/check.h"
#include "broker/start.h"
#include "serve/config.h"
#include "words/cursor.h"

#include <stdbool.h>
#include <stdint.h>

struct access;
struct glob_list;
struct request;
struct who;

#define ASK_CHANNELS_MAX SERVER_ASK_CHANNELS_MAX
#define ASK_NEWEST_MAX 1000
#define ASK_LIMIT_MAX 1000

struct ask {
    unsigned count;
    struct bytes channels[ASK_CHANNELS_MAX]; /* and patterns; borrowed from the request or the defaults */
    struct start start;                      /* START_AFTER: points to `after`, so an ask must not be copied */
    struct cursor after;                     /* what `start` points to */
};

/* Read the `channel` arguments, or take the defaults if there are none; the result may be empty.
 * PROBLEM_TOO_MANY_CHANNELS: more than `max`, or than ASK_CHANNELS_MAX. */
MUST_CHECK struct refusal ask_channels(struct ask *ask, const struct request *request, const struct glob_list *defaults,
                                       unsigned max);

/* May `who` listen to all of these channels? If not, the refusal of the first that it may not. */
MUST_CHECK struct refusal ask_check_rights(const struct ask *ask, const struct access *access, const struct who *who);

/* Is it exactly one channel, and no pattern? */
bool ask_is_one_channel(const struct ask *ask);

/*
 * Read where to start. The Last-Event-ID header takes precedence, because a browser that reconnects repeats its URL;
 * then `last_event_id` and its other spellings, `after`, `replay`, `since`; without any of them, now. An empty value
 * counts as absent.
 */
MUST_CHECK struct refusal ask_start(struct ask *ask, const struct request *request);

/* Start after the cursor in `text` ("0": at the beginning), which is parsed into *after; *start then points to it.
 * false: it is not a cursor. */
MUST_CHECK bool ask_start_after(struct start *start, struct cursor *after, struct bytes text);
/* Start with the newest n entries, at most ASK_NEWEST_MAX; 0: now. */
struct start ask_start_newest(uint64_t n);

/* `limit`: how many entries to return; a larger number counts as ASK_LIMIT_MAX. */
MUST_CHECK struct refusal ask_limit(const struct request *request, unsigned *limit);

/* `format=json`: the data of each event is the whole message, as JSON. */
MUST_CHECK struct refusal ask_format(const struct request *request, bool *is_json);

#endif
