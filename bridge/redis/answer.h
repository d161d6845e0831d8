/*
 * answer.h - reads the parts of a Redis reply as the types that they should have.
 *
 * Promise   If a part has another type, the function returns false (or NULL, or -1) and leaves *out unchanged. Results
 *           point into the reply.
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

/* The elements of a list of exactly this length; NULL: it is anything else. */
redisReply *const *answer_list(const redisReply *raw, size_t length);
MUST_CHECK bool answer_bytes(const redisReply *raw, struct bytes *out);
MUST_CHECK bool answer_number(const redisReply *raw, uint64_t *out);
MUST_CHECK bool answer_position(const redisReply *raw, struct position *out);
/* Is it "1"? */
bool answer_flag(const redisReply *raw);
/* Its index in `words` (NULL-terminated); -1: it is none of them. */
int answer_word(const redisReply *raw, const char *const *words);

/* The error to report for a reply that has the wrong form. */
struct reply answer_malformed(void);

#endif
