/*
 * control.h - the messages ("words") on `<prefix>control`, the channel that all workers and recorders subscribe to.
 *
 *   genesis <position>                           the keyspace is new: state remembered from before it is void
 *   lost <position>                              Redis lost entries: cursors before this position may miss some
 *   renewed <era> <node>                         this node holds the seat, and records
 *   era <era> <node> <silent_ms>                 this node opened a new era, and records
 *   vacant <node>                                the holder gave up the seat
 *   vacant standby                               the standby gave up its lease
 *   sync <node> <nonce> <filter_hash> <era> <last>   a marker in the order of messages: which ordinal was reached here?
 *   place <node> <nonce> <era> <ordinal>         the answer to `sync`
 *   unechoed                                     the plain message that should follow the last announcement won't come
 *   who <worker>                                 a worker asks whether anybody records
 *
 * All but `who` are published by the library's functions; recorder.c explains the protocol. Releases run side by side:
 * unknown words are ignored, and so are extra fields after the known ones, which a later release may add. (Only
 * `vacant standby` must match exactly: `vacant` with anything else behind it means the seat. The previous release sends
 * `vacant` and `who` without a field; it is there so that a bridge with another prefix knows what these are, see
 * internal.h.)
 */
#ifndef REDIS_CONTROL_H
#define REDIS_CONTROL_H

#include "base/bytes.h"
#include "base/check.h"
#include "words/position.h"

#include <stdbool.h>
#include <stdint.h>

enum control_kind {
    CONTROL_GENESIS,
    CONTROL_LOST,
    CONTROL_RENEWED,
    CONTROL_ERA,
    CONTROL_VACANT,
    CONTROL_VACANT_STANDBY,
    CONTROL_SYNC,
    CONTROL_PLACE,
    CONTROL_UNECHOED,
    CONTROL_WHO,
};

struct control_word {
    enum control_kind kind;
    struct position position; /* GENESIS, LOST */
    struct bytes node;        /* RENEWED, ERA, SYNC, PLACE; VACANT, WHO: may be empty. Points into the payload */
    uint64_t era;             /* RENEWED, ERA, SYNC, PLACE */
    uint64_t silent_ms;       /* ERA: time since the seat was last held; 0: it never was */
    uint64_t nonce;           /* SYNC, PLACE */
    uint64_t filter_hash;     /* SYNC: hash of the settings that decide which messages count */
    uint64_t ordinal;         /* SYNC: the last recorded one; PLACE: the newest one before the marker */
};

/* Parse one message. false: an unknown word, or a field is missing or malformed. */
MUST_CHECK bool control_parse(struct bytes payload, struct control_word *out);

/* A worker publishes this word, a space and its name to have the holder's `renewed` published at once. */
#define CONTROL_WHO_WORD "who"

#endif
