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
 * {"type":"message","channel":…,"id":…,"cursor":…,"data":…,"event":…,"from":…}, the last two where there are any, no id
 * where the entry is ephemeral, a cursor where one is given that is not just the id. A payload that is not UTF-8 goes as
 * base64, with "encoding":"base64".
 */
void wire_json_message(struct buffer *out, const struct entry *entry, const struct cursor *cursor);

/* An entry's id: a string, or null where it is ephemeral and has none. */
void wire_json_id(struct buffer *out, struct position position);

/* "channel":…,"after":…,"oldest":…,"reason":… (no braces). */
void wire_json_gap(struct buffer *out, const struct gap *gap);

#endif
