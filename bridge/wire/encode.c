/*
 * encode.c - calls the encoder of the wire format; a marker is a gap in all of them but the raw one, which has no gaps.
 */
#include "wire/encode.h"

#include "wire/format.h"
#include "wire/sse.h"
#include "wire/ws.h"
#include "words/cursor.h"

static void encode_marker(enum format format, const struct entry *marker, const struct cursor *cursor,
                          struct buffer *out)
{
    struct gap gap = entry_gap(marker);
    struct cursor own;
    cursor_init(&own, marker->position);
    gap.cursor = cursor ? cursor : &own;
    if (format == FORMAT_WS_JSON)
        wire_ws_gap(out, &gap);
    else if (format != FORMAT_WS_RAW)
        wire_sse_gap(out, &gap);
}

void wire_encode(unsigned format, const struct entry *entry, const struct cursor *cursor, struct buffer *out)
{
    if (entry->is_marker) {
        encode_marker((enum format)format, entry, cursor, out);
        return;
    }
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
