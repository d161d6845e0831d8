/*
 * start.c - every spelling of "go on from here" that clients are known to use (facts.md, B5).
 */
#include "start.h"

#include "request.h"

#include <string.h>

/* In the order in which they count. */
static const char *const start_cursor_args[] = {"last_event_id", "lastEventId",   "last-event-id",
                                                "Last-Event-Id", "Last-Event-ID", "after"};

bool start_after(const char *text, size_t len, struct start *start)
{
    *start = (struct start){.kind = START_AFTER};
    return position_parse(text, len, &start->after);
}

struct start start_newest(uint64_t n)
{
    if (n == 0)
        return (struct start){.kind = START_NOW};
    return (struct start){.kind = START_NEWEST, .count = (unsigned)(n < REPLAY_MAX ? n : REPLAY_MAX)};
}

static bool start_count_parse(struct bytes text, uint64_t *out)
{
    *out = 0;
    if (text.len == 0 || text.len > 9)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *out = *out * 10 + (uint64_t)(text.data[i] - '0');
    }
    return true;
}

/* The first cursor among header and arguments that is not empty. */
static bool start_find_cursor(const struct request *request, struct bytes *cursor)
{
    *cursor = (struct bytes){request->last_event_id, strlen(request->last_event_id)};
    for (size_t i = 0; cursor->len == 0 && i < sizeof start_cursor_args / sizeof *start_cursor_args; i++)
        if (!request_arg(request, start_cursor_args[i], cursor))
            cursor->len = 0;
    return cursor->len > 0;
}

const char *start_read(const struct request *request, struct start *start)
{
    struct bytes value;
    uint64_t count;
    *start = (struct start){.kind = START_NOW};
    if (start_find_cursor(request, &value))
        return start_after(value.data, value.len, start) ? NULL : "the last event id is not one of ours";
    if (request_arg(request, "replay", &value) && value.len > 0) {
        if (!start_count_parse(value, &count))
            return "replay is not a number";
        *start = start_newest(count);
        return NULL;
    }
    if (request_arg(request, "since", &value) && value.len > 0)
        return start_after(value.data, value.len, start) ? NULL : "since is neither 0 nor an event id";
    return NULL;
}
