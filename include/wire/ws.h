/*
 * ws.h - complete WebSocket frames of a server (RFC 6455, 5.2; never masked, 5.1), ready for the socket.
 */
#ifndef WIRE_WS_H
#define WIRE_WS_H

#include "base/buffer.h"
#include "words/entry.h"
#include "words/gap.h"

enum ws_opcode { WS_TEXT = 1, WS_BINARY = 2, WS_PING = 9 };

/* Insert a frame header at `start`, so that what was appended since then becomes one complete frame. */
void wire_ws_wrap(struct buffer *out, size_t start, enum ws_opcode opcode);

/* An entry in FORMAT_WS_JSON or FORMAT_WS_RAW. FORMAT_WS_JSON also sends the cursor (NULL: none): as "cursor" in the
 * JSON if it differs from the entry's position; after a binary frame always, in a frame of its own. */
void wire_ws_entry(unsigned format, const struct entry *entry, const struct cursor *cursor, struct buffer *out);

/* A gap as a frame of FORMAT_WS_JSON. */
void wire_ws_gap(struct buffer *out, const struct gap *gap);

#endif
