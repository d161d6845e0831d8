/*
 * encode.h - encodes an entry in any wire format. The broker gets this function in its configuration.
 */
#ifndef WIRE_ENCODE_H
#define WIRE_ENCODE_H

#include "base/buffer.h"
#include "words/cursor.h"
#include "words/entry.h"

/* Append the entry to `out`. `format`: an enum format (wire/format.h). `cursor`: its id; NULL: its position. */
void wire_encode(unsigned format, const struct entry *entry, const struct cursor *cursor, struct buffer *out);

#endif
