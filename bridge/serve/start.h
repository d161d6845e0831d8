/*
 * start.h - where a browser wants to start: after what it has seen, some way back, or now.
 */
#ifndef SERVE_START_H
#define SERVE_START_H

#include "base/check.h"
#include "broker/broker.h"

#include <stdbool.h>

struct request;

#define REPLAY_MAX 1000

/*
 * The Last-Event-ID header wins, because a browser that reconnects repeats its URL; then `last_event_id` and its other
 * spellings, `after`, `replay`, `since`; with none of them, now. An empty one counts as absent.
 * NULL: *start is set. Else what is wrong.
 */
MUST_CHECK const char *start_read(const struct request *request, struct start *start);

/* The same for the text of a position ("0": from the beginning). false: it is none. */
MUST_CHECK bool start_after(const char *text, size_t len, struct start *start);

/* "the newest n" */
struct start start_newest(uint64_t n);

#endif
