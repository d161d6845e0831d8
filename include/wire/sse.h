/*
 * sse.h - Server-Sent Events, byte for byte (WHATWG HTML, 9.2.5 and 9.2.6).
 *
 * Promise   Every block is whole and ends with a blank line. What a publisher chose (payload, event name, channel)
 *           can't end a line, start a field, or pass for one of our own events: `cursor` and `gap` as names of a
 *           publisher's event or of a channel go out as `cursor;entry` and `gap;entry`.
 */
#ifndef WIRE_SSE_H
#define WIRE_SSE_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "words/entry.h"
#include "words/gap.h"

/* Is it one of our own event names, which no publisher may use? */
bool wire_sse_is_reserved(struct bytes name);

/* An entry in FORMAT_SSE_PLAIN, _NAMED or _JSON. Its id is the cursor; NULL: its position. */
void wire_sse_entry(unsigned format, const struct entry *entry, const struct cursor *cursor, struct buffer *out);

/* `retry: …` alone, in front of the next block. */
void wire_sse_retry(struct buffer *out, unsigned retry_ms);
/* `event: cursor`: where the browser is. It has data, because Firefox and others ignore an id without any. */
void wire_sse_cursor(struct buffer *out, const struct cursor *cursor);
void wire_sse_gap(struct buffer *out, const struct gap *gap);
/* A sign of life that no client takes for an event. */
void wire_sse_comment(struct buffer *out);

#endif
