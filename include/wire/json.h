/*
 * json.h - entries and gaps as JSON objects: what a WebSocket, /history and `format=json` over SSE have in common.
 */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "base/buffer.h"
#include "words/entry.h"
#include "words/gap.h"
#include "words/position.h"

/*
 * {"type":"message","channel":…,"id":…,"cursor":…,"data":…,"event":…,"from":…}: "event" and "from" if the entry has
 * them, "id" unless it is ephemeral, "cursor" if one is given that differs from the id. A payload that is not UTF-8 is
 * sent as base64, with "encoding":"base64".
 */
void wire_json_message(struct buffer *out, const struct entry *entry, const struct cursor *cursor);

/* An entry's id: a string, or null if the entry is ephemeral and has none. */
void wire_json_id(struct buffer *out, struct position position);

/* "channel":…,"after":…,"oldest":…,"reason":… (no braces). */
void wire_json_gap(struct buffer *out, const struct gap *gap);

#endif
