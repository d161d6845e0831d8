/*
 * answer.h - what became of a question to Redis.
 */
#ifndef BROKER_ANSWER_H
#define BROKER_ANSWER_H

enum answer {
    ANSWER_OK,
    ANSWER_UNAVAILABLE, /* Redis is away: nothing was sent, or it can't be known what became of it */
    ANSWER_REFUSED,     /* Redis said no; the text says why */
};

#endif
