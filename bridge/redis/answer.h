/*
 * answer.h - the parts of what Redis answered, each read as what it should be.
 *
 * Promise   What is not of the right kind is false, and nothing is changed. What comes back points into the answer.
 */
#ifndef REDIS_ANSWER_H
#define REDIS_ANSWER_H

#include "base/bytes.h"
#include "base/check.h"
#include "redis/reply.h"
#include "words/position.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>

/* The parts of a list of this length; NULL: it is none. */
redisReply *const *answer_list(const redisReply *raw, size_t length);
MUST_CHECK bool answer_bytes(const redisReply *raw, struct bytes *out);
MUST_CHECK bool answer_number(const redisReply *raw, uint64_t *out);
MUST_CHECK bool answer_position(const redisReply *raw, struct position *out);
/* "1"? */
bool answer_flag(const redisReply *raw);
/* Which of `words` (NULL ends them) it is; -1: none. */
int answer_word(const redisReply *raw, const char *const *words);

/* What is told where an answer is not what it should be. */
struct reply answer_malformed(void);

#endif
