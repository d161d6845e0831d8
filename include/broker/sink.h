/*
 * sink.h - where a subscriber's entries go: a browser's socket, as the broker sees it.
 *
 * Promise   A sink is only called at the end of a loop turn, never from within subscriber_new/_add/_remove/_writable,
 *           and never after subscriber_free(). Its callbacks must not call subscriber_add(), subscriber_remove() or
 *           subscriber_free(): do that later, from the loop. All arguments are borrowed for the call.
 */
#ifndef BROKER_SINK_H
#define BROKER_SINK_H

#include "base/bytes.h"

#include <stddef.h>
#include <stdint.h>

struct cursor;
struct gap;

enum sink_result {
    SINK_READY, /* more may be written at once */
    SINK_FULL,  /* everything was accepted, but write no more until subscriber_writable() */
};

struct sink_ops {
    /* The next bytes of the wire format: whole entries, in order. The sink may overwrite the BUFFER_HEADROOM bytes
     * before `bytes`; the bytes themselves are shared with other sinks and must not be changed. */
    enum sink_result (*write)(void *sink, char *bytes, size_t len);
    /* Entries are missing before the next ones. */
    enum sink_result (*gap)(void *sink, const struct gap *gap);
    /* Called once, before anything else: where this subscriber starts. */
    enum sink_result (*cursor)(void *sink, const struct cursor *cursor);
    /* The channel or pattern added with this tag has caught up: from now on the subscriber's cursor covers it. */
    enum sink_result (*subscribed)(void *sink, struct bytes name, uint64_t tag, const struct cursor *cursor);
};

#endif
