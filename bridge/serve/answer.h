/*
 * answer.h - what the answers of all routes have in common: refusals, and what pages of other origins may read.
 */
#ifndef SERVE_ANSWER_H
#define SERVE_ANSWER_H

#include "access/problem.h"
#include "base/bytes.h"
#include "http/response.h"

struct access;
struct exchange;
struct request;

#define ANSWER_RETRY_AFTER_S 2

/* Fetch standard, 3.2: with a list of origins the answer depends on who asks, and credentials are welcome. */
struct cors answer_cors(const struct access *access, struct bytes origin);

/* {"error":{"code":…,"message":…}} with the refusal's status, and what else `response` says. */
void answer_refusal(struct request *request, struct response response, struct refusal refusal);
void answer_refusal_later(struct exchange *exchange, struct response response, struct refusal refusal);

#endif
