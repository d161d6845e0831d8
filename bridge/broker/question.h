/*
 * question.h - asks Redis where the newest entries of some channels begin. Answered once, or dropped.
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

/* The position after which they come; is_answered is false if Redis gave none. The question has been freed. */
typedef void (*question_fn)(void *arg, bool is_answered, struct position position);

/* Ask after which position the newest `newest` entries of these channels and patterns come. NULL: no memory, or the
 * shard's caller is not connected. */
MUST_CHECK struct question *question_ask(struct shard *shard, const struct bytes *names, unsigned count,
                                         unsigned newest, question_fn fn, void *arg);
/* Free the question; its callback will not be called. NULL is fine. */
void question_drop(struct question *question);

#endif
