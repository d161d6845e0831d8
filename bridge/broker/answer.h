/*
 * answer.h - what an answer of Redis means to whoever asked.
 */
#ifndef BROKER_ANSWER_PRIVATE_H
#define BROKER_ANSWER_PRIVATE_H

#include "broker/answer.h"
#include "redis/reply.h"

enum answer answer_of(struct reply reply);

#endif
