/*
 * keyslot.c - computed bit by bit, without a table: it is called per subscription and publish, not per delivery.
 */
#include "words/keyslot.h"

#include <stdint.h>
#include <string.h>

#define CRC16_POLYNOMIAL 0x1021

static uint16_t keyslot_crc16(struct bytes bytes)
{
    uint16_t crc = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        crc = (uint16_t)(crc ^ (unsigned)(unsigned char)bytes.data[i] << 8);
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc & 0x8000 ? (unsigned)crc << 1 ^ CRC16_POLYNOMIAL : (unsigned)crc << 1);
    }
    return crc;
}

/* What is hashed: the text in the first braces, or the whole key if there is none. */
static struct bytes keyslot_tag(struct bytes key)
{
    const char *open = key.len ? memchr(key.data, '{', key.len) : NULL;
    if (!open)
        return key;
    size_t rest = key.len - (size_t)(open + 1 - key.data);
    const char *close = memchr(open + 1, '}', rest);
    if (!close || close == open + 1)
        return key;
    return (struct bytes){open + 1, (size_t)(close - open - 1)};
}

unsigned keyslot(struct bytes key)
{
    return keyslot_crc16(keyslot_tag(key)) % KEYSLOTS;
}

unsigned keyslot_shard(struct bytes channel, unsigned shards)
{
    return keyslot(channel) * shards / KEYSLOTS;
}
