/*
 * answer.h - what a reply from Redis means to the caller.
 */
#ifndef BROKER_ANSWER_PRIVATE_H
#define BROKER_ANSWER_PRIVATE_H

#include "broker/answer.h"
#include "redis/reply.h"

enum answer answer_of(struct reply reply);

#endif
