/*
 * answer.h - what a reply from Redis means to the caller.
 */
#ifndef BROKER_ANSWER_PRIVATE_H
#define BROKER_ANSWER_PRIVATE_H

#include "broker/answer.h"
#include "redis/reply.h"

struct broker;

enum answer answer_of(struct reply reply);

/* Log what Redis refused, but not for every client that asks: the same error once in ten seconds, others once a second. */
void answer_log_error(struct broker *broker, const char *event, const char *why);

#endif
