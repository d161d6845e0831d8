/*
 * keyslot.h - which hash slot a key has, and which shard a channel.
 *
 * Follows   Redis Cluster specification, "Key distribution model" and "Hash tags": CRC16 (XMODEM) of the key, or of what
 *           stands in its first {…} where that is not empty, modulo 16384.
 */
#ifndef WORDS_KEYSLOT_H
#define WORDS_KEYSLOT_H

#include "base/bytes.h"

#define KEYSLOTS 16384

/* 0 to KEYSLOTS - 1, as CLUSTER KEYSLOT answers. */
unsigned keyslot(struct bytes key);

/* The shard of a channel, of so many (1 to KEYSLOTS): shards have slices of the slots, in order. */
unsigned keyslot_shard(struct bytes channel, unsigned shards);

#endif
