/*
 * payload.c - formatted and parsed by hand: a generator that used sscanf here would be slower than the server.
 */
#include "payload.h"

#include <string.h>

static char payload_filler_of(const struct payload *payload)
{
    return (char)('a' + (payload->channel + payload->sequence) % 26);
}

static void payload_hex_write(char *out, int digits, uint64_t value)
{
    for (int i = digits - 1; i >= 0; i--, value >>= 4)
        out[i] = "0123456789abcdef"[value & 15];
}

static bool payload_hex_read(const char *text, int digits, uint64_t *out)
{
    uint64_t value = 0;
    for (int i = 0; i < digits; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9')
            value = value << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *out = value;
    return true;
}

void payload_write(char *out, size_t size, const struct payload *payload)
{
    out[0] = '@';
    payload_hex_write(out + 1, 8, payload->channel);
    out[9] = ':';
    payload_hex_write(out + 10, 8, payload->sequence);
    out[18] = ':';
    payload_hex_write(out + 19, 16, payload->said_ns);
    out[35] = ';';
    memset(out + PAYLOAD_HEAD, payload_filler_of(payload), size - PAYLOAD_HEAD);
}

bool payload_read(const char *text, size_t size, struct payload *out)
{
    uint64_t channel, sequence;
    if (size < PAYLOAD_HEAD || text[0] != '@' || text[9] != ':' || text[18] != ':' || text[35] != ';')
        return false;
    if (!payload_hex_read(text + 1, 8, &channel) || !payload_hex_read(text + 10, 8, &sequence) ||
        !payload_hex_read(text + 19, 16, &out->said_ns))
        return false;
    out->channel = (uint32_t)channel;
    out->sequence = (uint32_t)sequence;
    const char *filler = text + PAYLOAD_HEAD;
    size_t length = size - PAYLOAD_HEAD;
    return length == 0 || (*filler == payload_filler_of(out) && memcmp(filler, filler + 1, length - 1) == 0);
}
