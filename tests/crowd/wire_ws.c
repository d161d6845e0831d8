/*
 * wire_ws.c - frames as the bridge sends them: unfragmented, unmasked, of any length (RFC 6455 5.2).
 *
 *     FIN opcode | 0 len7 | [len16 or len64] | {"type":"message","channel":"…","id":"…","data":"…"}
 */
#include "wire.h"

#include <string.h>

enum { OPCODE_TEXT = 1, OPCODE_CLOSE = 8, OPCODE_PING = 9 };

/* The value of `name` ("\"id\":\"") in a flat object of strings without escapes. NULL: there is none. */
static const char *wire_ws_field(const char *json, size_t length, const char *name, size_t *value_length)
{
    size_t name_length = strlen(name);
    const char *at = memmem(json, length, name, name_length);
    if (!at)
        return NULL;
    at += name_length;
    const char *quote = memchr(at, '"', (size_t)(json + length - at));
    *value_length = quote ? (size_t)(quote - at) : 0;
    return quote ? at : NULL;
}

static enum event_kind wire_ws_kind_of(const char *json, size_t length)
{
    static const struct {
        const char *type;
        enum event_kind kind;
    } kinds[] = {
        {"message", EVENT_MESSAGE},       {"cursor", EVENT_CURSOR}, {"hello", EVENT_HELLO},
        {"subscribed", EVENT_SUBSCRIBED}, {"gap", EVENT_GAP},       {"ping", EVENT_PING},
    };
    size_t type_length;
    const char *type = wire_ws_field(json, length < 40 ? length : 40, "{\"type\":\"", &type_length);
    for (size_t i = 0; type && i < sizeof kinds / sizeof *kinds; i++) {
        if (strlen(kinds[i].type) == type_length && memcmp(kinds[i].type, type, type_length) == 0)
            return kinds[i].kind;
    }
    return EVENT_OTHER;
}

static void wire_ws_json_take(const char *json, size_t length, struct event *out)
{
    out->kind = wire_ws_kind_of(json, length);
    if (out->kind == EVENT_SUBSCRIBED) /* its id is for one channel only */
        return;
    size_t id_length;
    const char *id = wire_ws_field(json, length, out->kind == EVENT_HELLO ? "\"cursor\":\"" : "\"id\":\"", &id_length);
    if (id)
        out->id = position_read(id, id + id_length);
    if (out->kind == EVENT_MESSAGE)
        out->data = wire_ws_field(json, length, "\"data\":\"", &out->data_length);
}

size_t wire_ws_take(const char *at, const char *end, struct event *out)
{
    const unsigned char *head = (const unsigned char *)at;
    size_t left = (size_t)(end - at), head_length = 2;
    memset(out, 0, sizeof *out);
    out->kind = EVENT_OTHER;
    if (left < 2)
        return 0;
    uint64_t length = head[1] & 127;
    int wide = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (left < head_length + (size_t)wide)
        return 0;
    if (wide)
        length = 0;
    for (int i = 0; i < wide; i++)
        length = length << 8 | head[head_length++];
    if (left - head_length < length)
        return 0;
    const char *body = at + head_length;
    switch (head[0] & 15) {
    case OPCODE_TEXT:
        wire_ws_json_take(body, length, out);
        break;
    case OPCODE_PING:
        out->kind = EVENT_PING;
        out->is_frame_ping = true;
        break;
    case OPCODE_CLOSE:
        out->kind = EVENT_CLOSE;
        out->data = body;
        out->data_length = length;
        break;
    }
    return head_length + length;
}

/* The mask is zero, which is as valid as any other. */
size_t wire_ws_text(char *out, const char *text, size_t length)
{
    size_t head = 2;
    out[0] = (char)(0x80 | OPCODE_TEXT);
    if (length < 126) {
        out[1] = (char)(0x80 | length);
    } else {
        out[1] = (char)(0x80 | 126);
        out[2] = (char)(length >> 8);
        out[3] = (char)length;
        head = 4;
    }
    memset(out + head, 0, 4);
    memcpy(out + head + 4, text, length);
    return head + 4 + length;
}
