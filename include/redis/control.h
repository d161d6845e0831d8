/*
 * control.h - the words that are said to all on the channel `<prefix>control`.
 *
 *   genesis <position>                           the keyspace is new: what is remembered from before is void
 *   lost <position>                              Redis lost something: cursors from before may miss it
 *   renewed <era> <node>                         this node records, and goes on recording
 *   era <era> <node> <silent_ms>                 this node opened a new era, and records
 *   vacant                                       nobody records
 *   vacant standby                               nobody stands by
 *   sync <node> <nonce> <filter_hash> <era> <last>   a place in everybody's order: which ordinal was reached here?
 *   place <node> <nonce> <era> <ordinal>         the answer to that
 *   unechoed                                     the plain message that was to follow its announcement does not come
 *   who                                          who records? (a worker asks)
 *
 * All but `who` are said by the library's functions, `recorder.c` tells what they are for. Releases live side by side, so
 * a word that is not known, and what a later release may say behind the fields of one that is, are left alone.
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
    struct position position; /* of GENESIS, LOST */
    struct bytes node;        /* of RENEWED, ERA, SYNC, PLACE; points into what was parsed */
    uint64_t era;             /* of RENEWED, ERA, SYNC, PLACE */
    uint64_t silent_ms;       /* of ERA: since somebody held the seat; 0: nobody ever did */
    uint64_t nonce;           /* of SYNC, PLACE */
    uint64_t filter_hash;     /* of SYNC: of the settings that decide which messages count */
    uint64_t ordinal;         /* of SYNC: the last that is recorded; of PLACE: the newest before the place */
};

/* false: not one of these words, or not whole. */
MUST_CHECK bool control_parse(struct bytes payload, struct control_word *out);

/* What a worker says to have `renewed` said at once. */
#define CONTROL_WHO_TEXT ((struct bytes){"who", 3})

#endif
