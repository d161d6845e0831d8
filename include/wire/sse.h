/*
 * sse.h - writes Server-Sent Events (WHATWG HTML, 9.2.5 and 9.2.6).
 *
 * Promise   Every event is complete and ends with a blank line. What a publisher chose (payload, event name, channel)
 *           can't end a line, start a field, or pass for one of our own events: if a publisher's event or a channel is
 *           named `cursor` or `gap`, it is sent as `cursor;entry` or `gap;entry`.
 */
#ifndef WIRE_SSE_H
#define WIRE_SSE_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "words/entry.h"
#include "words/gap.h"

/* Is it one of our own event names, which publishers may not use? */
bool wire_sse_is_reserved(struct bytes name);

/* An entry in FORMAT_SSE_PLAIN, _NAMED or _JSON. Its id is the cursor; NULL: its position. */
void wire_sse_entry(unsigned format, const struct entry *entry, const struct cursor *cursor, struct buffer *out);

/* A `retry:` line without a blank line: it becomes part of what is appended next. */
void wire_sse_retry(struct buffer *out, unsigned retry_ms);
/* `event: cursor`: the browser's cursor, as id and as data, because Firefox and others ignore an id without data. */
void wire_sse_cursor(struct buffer *out, const struct cursor *cursor);
void wire_sse_gap(struct buffer *out, const struct gap *gap);
/* A comment line as a heartbeat: clients ignore it. */
void wire_sse_comment(struct buffer *out);

#endif
