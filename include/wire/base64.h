/*
 * base64.h - bytes as base64 (RFC 4648, section 4), with padding.
 */
#ifndef WIRE_BASE64_H
#define WIRE_BASE64_H

#include "base/buffer.h"
#include "base/bytes.h"

void wire_base64(struct buffer *out, struct bytes bytes);

#endif
