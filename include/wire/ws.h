/*
 * ws.h - WebSocket frames of a server (RFC 6455, 5.2: never masked), header included, so that they go to the
 *             socket as they are.
 */
#ifndef WIRE_WS_H
#define WIRE_WS_H

#include "base/buffer.h"
#include "words/entry.h"

enum ws_opcode { WS_TEXT = 1, WS_BINARY = 2, WS_PING = 9 };

/* Put the frame header in front of what was appended since `start`; that becomes one whole frame. */
void wire_ws_wrap(struct buffer *out, size_t start, enum ws_opcode opcode);

/* An entry in FORMAT_WS_JSON or FORMAT_WS_RAW. A cursor (NULL: none) that says more than its position goes along as
 * "cursor"; behind a binary frame it is a frame of its own. */
void wire_ws_entry(unsigned format, const struct entry *entry, const struct cursor *cursor, struct buffer *out);

#endif
