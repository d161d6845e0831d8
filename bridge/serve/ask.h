/*
 * ask.h - what a request asks for: which channels, from where on, how much, in which form.
 *
 * Story     The one place where a URL's arguments and the Last-Event-ID become channels, a start and a limit; where a
 *           WebSocket's frame names a start, it comes here too.
 */
#ifndef SERVE_ASK_H
#define SERVE_ASK_H

#include "access/problem.h"
#include "base/bytes.h"
#include "base/check.h"
#include "broker/start.h"
#include "words/cursor.h"

#include <stdbool.h>
#include <stdint.h>

struct access;
struct glob_list;
struct request;
struct who;

#define ASK_CHANNELS_MAX 128
#define ASK_NEWEST_MAX 1000
#define ASK_LIMIT_MAX 1000

struct ask {
    unsigned count;
    struct bytes channels[ASK_CHANNELS_MAX]; /* and patterns; borrowed from the request or the defaults */
    struct start start;                      /* its cursor is the next one */
    struct cursor after;                     /* so that an ask stays where it was made */
};

/* Its `channel` arguments, else the defaults; none at all is no problem. PROBLEM_TOO_MANY_CHANNELS: more than `max`. */
MUST_CHECK struct refusal ask_channels(struct ask *ask, const struct request *request, const struct glob_list *defaults,
                                       unsigned max);

/* May that one listen to all of them? The first refusal against one. */
MUST_CHECK struct refusal ask_check_rights(const struct ask *ask, const struct access *access, const struct who *who);

/* One channel, and no pattern. */
bool ask_is_one_channel(const struct ask *ask);

/*
 * The Last-Event-ID header wins, because a browser that reconnects repeats its URL; then `last_event_id` and its other
 * spellings, `after`, `replay`, `since`; with none of them, now. An empty one counts as absent.
 */
MUST_CHECK struct refusal ask_start(struct ask *ask, const struct request *request);

/* After the cursor with this text ("0": from the beginning), which is parsed into *after. false: it is none. */
MUST_CHECK bool ask_start_after(struct start *start, struct cursor *after, struct bytes text);
/* The newest n, up to ASK_NEWEST_MAX. */
struct start ask_start_newest(uint64_t n);

/* `limit`: how many entries at once; a larger one is ASK_LIMIT_MAX. */
MUST_CHECK struct refusal ask_limit(const struct request *request, unsigned *limit);

/* `format=json`: each event is a whole message. */
MUST_CHECK struct refusal ask_format(const struct request *request, bool *is_json);

#endif
