/*
 * question.h - where do the newest entries of some channels begin? Asked once, answered once, or dropped.
 *
 * Owns      itself, from question_ask() until its callback was called or question_drop().
 */
#ifndef BROKER_QUESTION_H
#define BROKER_QUESTION_H

#include "base/bytes.h"
#include "base/check.h"
#include "words/position.h"

#include <stdbool.h>

struct question;
struct shard;

/* The position after which they come; false: Redis did not answer that. The question is gone. */
typedef void (*question_fn)(void *arg, bool is_answered, struct position position);

/* Ask for the newest `newest` entries of these channels and patterns. NULL: no memory, or the shard can't be asked. */
MUST_CHECK struct question *question_ask(struct shard *shard, const struct bytes *names, unsigned count,
                                         unsigned newest, question_fn fn, void *arg);
/* The answer shall find nobody. NULL is fine. */
void question_drop(struct question *question);

#endif
