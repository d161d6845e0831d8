/*
 * gap.h - what a browser is told if entries after its cursor no longer exist.
 */
#ifndef WORDS_GAP_H
#define WORDS_GAP_H

#include "base/bytes.h"
#include "words/position.h"

#include <stdbool.h>

struct cursor;

enum gap_reason { GAP_AHEAD, GAP_RESET, GAP_TRIMMED, GAP_LOST, GAP_EXPIRED, GAP_TOO_BIG, GAP_OVERLOAD };

struct gap {
    struct bytes channel;  /* or pattern, as it was asked for; borrowed */
    struct position after; /* the position after which entries are missing */
    bool has_oldest;
    struct position oldest; /* the oldest entry that still exists */
    enum gap_reason reason;
    const struct cursor *cursor; /* where the subscriber continues: the id to send with the gap; borrowed */
};

/* The name that is sent to browsers: "ahead", "reset", "trimmed", "expired", "too_big" or "overload". Static. */
const char *gap_reason_name(enum gap_reason reason);

#endif
