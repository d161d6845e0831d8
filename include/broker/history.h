/*
 * history.h - kept entries for a single request, without a subscription.
 */
#ifndef BROKER_HISTORY_H
#define BROKER_HISTORY_H

#include "base/bytes.h"
#include "broker/answer.h"
#include "broker/start.h"
#include "words/cursor.h"
#include "words/entry.h"
#include "words/gap.h"

#include <stdbool.h>
#include <stdint.h>

struct broker;

struct history {
    unsigned count;
    struct entry **entries; /* borrowed during the callback */
    unsigned gap_count;
    const struct gap *gaps; /* borrowed during the callback */
    struct cursor cursor;   /* continue from here */
    bool has_more;
};
typedef void (*history_fn)(void *arg, uint64_t ticket, enum answer answer, const struct history *history);

/* Up to `limit` entries of these channels and patterns from `start`, oldest first (START_NOW means the beginning). The
 * names are borrowed for the call. fn is called once, from the loop; its `history` is NULL unless ANSWER_OK. */
void broker_history(struct broker *broker, const struct bytes *names, unsigned count, const struct start *start,
                    unsigned limit, history_fn fn, void *arg, uint64_t ticket);

#endif
