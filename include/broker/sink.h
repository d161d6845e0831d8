/*
 * sink.h - who is given what a subscriber listens to: a browser's socket, as the broker sees it.
 *
 * Promise   A sink is called from the end of a loop turn only, never from within subscriber_new/_add/_remove/_writable,
 *           and never after subscriber_free(). A sink must not call subscriber_free() or subscriber_add() from within
 *           its own callbacks: it notes what it wants and does it from the loop. What it is handed is borrowed for the
 *           call.
 */
#ifndef BROKER_SINK_H
#define BROKER_SINK_H

#include "base/bytes.h"

#include <stddef.h>
#include <stdint.h>

struct cursor;
struct gap;

enum sink_result {
    SINK_READY, /* more may come at once */
    SINK_FULL,  /* what was given is taken, whole, but nothing more before subscriber_writable() */
};

struct sink_ops {
    /* The next bytes of the wire format, whole entries, in order. There are BUFFER_HEADROOM bytes before `bytes` that
     * the sink may overwrite; the bytes themselves are shared with others and must stay as they are. */
    enum sink_result (*write)(void *sink, char *bytes, size_t len);
    /* Entries are missing before what comes next. */
    enum sink_result (*gap)(void *sink, const struct gap *gap);
    /* Called once: where this subscriber starts. Comes before anything else. */
    enum sink_result (*cursor)(void *sink, const struct cursor *cursor);
    /* The feed added with this tag is caught up: from now on the subscriber's cursor covers it. */
    enum sink_result (*subscribed)(void *sink, struct bytes name, uint64_t tag, const struct cursor *cursor);
};

#endif
