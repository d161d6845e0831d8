/*
 * json_string.h - bytes as a JSON string (RFC 8259, section 7), quotes included.
 */
#ifndef WIRE_JSON_STRING_H
#define WIRE_JSON_STRING_H

#include "base/buffer.h"
#include "base/bytes.h"

/* Whatever the bytes are, the result is valid JSON and UTF-8: each byte that is not valid UTF-8 becomes U+FFFD. */
void wire_json_string(struct buffer *out, struct bytes bytes);

#endif
