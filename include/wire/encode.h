/*
 * encode.h - an entry in a wire format: what the broker is born with.
 */
#ifndef WIRE_ENCODE_H
#define WIRE_ENCODE_H

#include "base/buffer.h"
#include "words/cursor.h"
#include "words/entry.h"

/* An entry in one of enum format (wire/format.h). `cursor`: what its id says; NULL: its position. */
void wire_encode(unsigned format, const struct entry *entry, const struct cursor *cursor, struct buffer *out);

#endif
