/*
 * wire_sse.c - a block is all lines up to an empty one (WHATWG HTML 9.2.5); the bridge ends lines with LF only.
 *
 *     event: gap\n data: …\n id: 1795440346377-0\n \n
 */
#include "wire.h"

#include <string.h>

struct position position_read(const char *text, const char *end)
{
    struct position p = {0};
    uint64_t *part = &p.ms;
    for (; text < end; text++) {
        if (*text == '-')
            part = &p.seq;
        else if (*text >= '0' && *text <= '9')
            *part = *part * 10 + (uint64_t)(*text - '0');
        else
            break;
    }
    return p;
}

static bool wire_sse_begins(const char *line, const char *line_end, const char *with, size_t length)
{
    return (size_t)(line_end - line) >= length && memcmp(line, with, length) == 0;
}
#define BEGINS(line, line_end, with) wire_sse_begins(line, line_end, with, sizeof(with) - 1)

/* Any other name belongs to a message: it is the publisher's, or the channel. */
static enum event_kind wire_sse_kind_of(const char *name, const char *end)
{
    if (end - name == 6 && memcmp(name, "cursor", 6) == 0)
        return EVENT_CURSOR;
    return end - name == 3 && memcmp(name, "gap", 3) == 0 ? EVENT_GAP : EVENT_MESSAGE;
}

size_t wire_sse_take(const char *at, const char *end, struct event *out)
{
    bool has_data = false;
    enum event_kind kind = EVENT_MESSAGE;
    memset(out, 0, sizeof *out);
    for (const char *line = at, *line_end; (line_end = memchr(line, '\n', (size_t)(end - line))); line = line_end + 1) {
        if (line_end == line) {
            out->kind = has_data ? kind : EVENT_OTHER;
            return (size_t)(line + 1 - at);
        }
        if (BEGINS(line, line_end, "data: ")) {
            has_data = true;
            out->data = line + 6;
            out->data_length = (size_t)(line_end - out->data);
        } else if (BEGINS(line, line_end, "id: ")) {
            out->id = position_read(line + 4, line_end);
        } else if (BEGINS(line, line_end, "event: ")) {
            kind = wire_sse_kind_of(line + 7, line_end);
        }
    }
    return 0;
}
