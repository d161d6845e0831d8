/*
 * keyslot.h - the hash slot of a key, and the shard of a channel.
 *
 * Follows   Redis Cluster specification, "Key distribution model" and "Hash tags": CRC16 (XMODEM) of the key, or of the
 *           text in its first {…} unless that is empty, modulo 16384.
 */
#ifndef WORDS_KEYSLOT_H
#define WORDS_KEYSLOT_H

#include "base/bytes.h"

#define KEYSLOTS 16384

/* 0 to KEYSLOTS - 1, as CLUSTER KEYSLOT returns it. */
unsigned keyslot(struct bytes key);

/* The shard of a channel, one of `shards` (1 to KEYSLOTS), from 0: each has a slice of the slots, in order. */
unsigned keyslot_shard(struct bytes channel, unsigned shards);

#endif
