/*
 * wire.h - what a server sends to a browser, one event at a time.
 *
 * Story     Both protocols are parsed as a browser parses them: whole SSE blocks and whole WebSocket frames, from the
 *           beginning. Of JSON only the form that the bridge writes is understood; payloads need no unescaping.
 */
#ifndef CROWD_WIRE_H
#define CROWD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct position {
    uint64_t ms, seq;
};

enum event_kind {
    EVENT_MESSAGE,
    EVENT_CURSOR,     /* SSE's first block, and heartbeats */
    EVENT_HELLO,      /* WebSocket's first frame */
    EVENT_SUBSCRIBED, /* one channel is caught up with */
    EVENT_GAP,
    EVENT_PING, /* a ping frame, or a ping message of bridge.v1.json */
    EVENT_CLOSE,
    EVENT_OTHER
};

struct event {
    enum event_kind kind;
    const char *data; /* of a message: its payload; of a close: its code and reason */
    size_t data_length;
    struct position id; /* 0-0 if there is none */
    bool is_frame_ping; /* to be answered by a pong frame, not by {"type":"pong"} */
};

/* Take one event off the front of [at, end). Returns its length in bytes, 0 if it is incomplete. */
size_t wire_sse_take(const char *at, const char *end, struct event *out);
size_t wire_ws_take(const char *at, const char *end, struct event *out);

/* Write one masked WebSocket text frame of at most 65535 bytes. Returns its length. */
size_t wire_ws_text(char *out, const char *text, size_t length);

/* "<ms>-<seq>". */
struct position position_read(const char *text, const char *end);

#endif
