/*
 * ask.c - reads every spelling of "continue from here" that clients are known to use, and the other arguments.
 */
#include "ask.h"

#include "access/rights.h"
#include "http/request.h"
#include "words/glob.h"

#define LIMIT_DEFAULT 100

/* --- channels ----------------------------------------------------------------------------------------------------- */

/* false: there is no room for it */
static bool ask_add_channel(struct ask *ask, struct bytes name)
{
    if (ask->count == ASK_CHANNELS_MAX)
        return false;
    ask->channels[ask->count++] = name;
    return true;
}

static bool ask_collect_channels(struct ask *ask, const struct request *request, const struct glob_list *defaults)
{
    bool fits = true;
    ask->count = 0;
    for (unsigned i = 0; i < request->arg_count; i++)
        if (bytes_is(request->args[i].name, "channel") && request->args[i].value.len > 0)
            fits &= ask_add_channel(ask, request->args[i].value);
    if (ask->count > 0)
        return fits;
    for (unsigned i = 0; i < defaults->count; i++)
        fits &= ask_add_channel(ask, bytes_of(defaults->globs[i]));
    return fits;
}

struct refusal ask_channels(struct ask *ask, const struct request *request, const struct glob_list *defaults,
                            unsigned max)
{
    unsigned most = max < ASK_CHANNELS_MAX ? max : ASK_CHANNELS_MAX;
    if (!ask_collect_channels(ask, request, defaults) || ask->count > most)
        return refusal_too_many_channels(most);
    return REFUSAL_NONE;
}

struct refusal ask_check_rights(const struct ask *ask, const struct access *access, const struct who *who)
{
    for (unsigned i = 0; i < ask->count; i++) {
        struct refusal refusal = rights_subscribe(access, who, ask->channels[i]);
        if (refusal.problem)
            return refusal;
    }
    return REFUSAL_NONE;
}

bool ask_is_one_channel(const struct ask *ask)
{
    return ask->count == 1 && !glob_is_pattern(ask->channels[0].data, ask->channels[0].len);
}

/* --- where to start ----------------------------------------------------------------------------------------------- */

/* In order of precedence. */
static const char *const ask_cursor_args[] = {"last_event_id", "lastEventId",   "last-event-id",
                                              "Last-Event-Id", "Last-Event-ID", "after"};

bool ask_start_after(struct start *start, struct cursor *after, struct bytes text)
{
    *start = (struct start){.kind = START_AFTER, .after = after};
    return cursor_parse(text, after);
}

struct start ask_start_newest(uint64_t n)
{
    if (n == 0)
        return (struct start){.kind = START_NOW};
    return (struct start){.kind = START_NEWEST, .count = (unsigned)(n < ASK_NEWEST_MAX ? n : ASK_NEWEST_MAX)};
}

/* The first cursor that is not empty: the header, then the arguments. */
static bool ask_find_cursor(const struct request *request, struct bytes *cursor)
{
    *cursor = request->last_event_id;
    for (size_t i = 0; cursor->len == 0 && i < sizeof ask_cursor_args / sizeof *ask_cursor_args; i++)
        if (!request_arg(request, ask_cursor_args[i], cursor))
            cursor->len = 0;
    return cursor->len > 0;
}

static struct refusal ask_start_after_or(struct ask *ask, struct bytes text, const char *problem)
{
    return ask_start_after(&ask->start, &ask->after, text) ? REFUSAL_NONE
                                                           : refusal_about(PROBLEM_BAD_CURSOR, problem, text);
}

struct refusal ask_start(struct ask *ask, const struct request *request)
{
    struct bytes value;
    uint64_t count;
    ask->start = (struct start){.kind = START_NOW};
    if (ask_find_cursor(request, &value))
        return ask_start_after_or(ask, value, "the last event id %s is not an id of this server");
    if (request_arg(request, "replay", &value) && value.len > 0) {
        if (!bytes_number_capped(value, ASK_NEWEST_MAX, &count))
            return refusal_about(PROBLEM_BAD_CURSOR, "replay must be a number, not %s", value);
        ask->start = ask_start_newest(count);
        if (count > 0)
            return REFUSAL_NONE;
    }
    if (request_arg(request, "since", &value) && value.len > 0)
        return ask_start_after_or(ask, value, "since must be 0 or an event id, not %s");
    return REFUSAL_NONE;
}

/* --- limit and format --------------------------------------------------------------------------------------------- */

struct refusal ask_limit(const struct request *request, unsigned *limit)
{
    struct bytes value;
    uint64_t number;
    *limit = LIMIT_DEFAULT;
    if (!request_arg(request, "limit", &value) || value.len == 0)
        return REFUSAL_NONE;
    if (!bytes_number_capped(value, ASK_LIMIT_MAX, &number) || number == 0)
        return refusal_about(PROBLEM_BAD_LIMIT, "limit must be a whole number, 1 or more, not %s", value);
    *limit = (unsigned)number;
    return REFUSAL_NONE;
}

struct refusal ask_format(const struct request *request, bool *is_json)
{
    struct bytes value;
    *is_json = request_arg(request, "format", &value) && bytes_is(value, "json");
    if (*is_json || !request_arg(request, "format", &value) || value.len == 0 || bytes_is(value, "text"))
        return REFUSAL_NONE;
    return refusal_about(PROBLEM_BAD_FORMAT, "format must be json or text, not %s", value);
}
