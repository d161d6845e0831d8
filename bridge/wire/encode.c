/*
 * encode.c - calls the encoder of the wire format.
 */
#include "wire/encode.h"

#include "wire/format.h"
#include "wire/sse.h"
#include "wire/ws.h"

void wire_encode(unsigned format, const struct entry *entry, const struct cursor *cursor, struct buffer *out)
{
    switch ((enum format)format) {
    case FORMAT_SSE_PLAIN:
    case FORMAT_SSE_NAMED:
    case FORMAT_SSE_JSON:
        wire_sse_entry(format, entry, cursor, out);
        break;
    case FORMAT_WS_JSON:
    case FORMAT_WS_RAW:
        wire_ws_entry(format, entry, cursor, out);
        break;
    }
}
