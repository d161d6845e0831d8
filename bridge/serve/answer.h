/*
 * answer.h - what the answers of all routes have in common: refusals and CORS headers.
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

/* The CORS headers for this Origin (Fetch standard, 3.2). With a list of origins they differ by origin, and the
 * listed ones may send credentials. */
struct cors answer_cors(const struct access *access, struct bytes origin);

/* Send {"error":{"code":…,"message":…}} with the refusal's status; `response` has the other headers. */
void answer_refusal(struct request *request, struct response response, struct refusal refusal);
/* The same for an exchange. */
void answer_refusal_later(struct exchange *exchange, struct response response, struct refusal refusal);

#endif
