/*
 * wire.h - what a server says to a browser, one event at a time.
 *
 * Story     Both wires are read as a browser reads them: whole SSE blocks, whole WebSocket frames, nothing searched for
 *           in the middle. Of JSON only the shape that the bridge writes is understood; payloads need no unescaping.
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
    EVENT_PING, /* either of the protocol's own or of bridge.v1.json */
    EVENT_CLOSE,
    EVENT_OTHER
};

struct event {
    enum event_kind kind;
    const char *data; /* of a message: its payload; of a close: its code and reason */
    size_t data_length;
    struct position id; /* 0-0 where there is none */
    bool is_frame_ping; /* a ping that wants a pong frame, not {"type":"pong"} */
};

/* Take one event off the front of [at, end). Gives its length in bytes, 0 where it is not all there. */
size_t wire_sse_take(const char *at, const char *end, struct event *out);
size_t wire_ws_take(const char *at, const char *end, struct event *out);

/* Write one masked WebSocket text frame of at most 65535 bytes. Gives its length. */
size_t wire_ws_text(char *out, const char *text, size_t length);

/* "<ms>-<seq>". */
struct position position_read(const char *text, const char *end);

#endif
