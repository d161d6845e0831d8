/*
 * answer.h - the outcome of a request to Redis.
 */
#ifndef BROKER_ANSWER_H
#define BROKER_ANSWER_H

enum answer {
    ANSWER_OK,
    ANSWER_UNAVAILABLE, /* Redis can't be reached, or did not reply: the request may or may not have been executed */
    ANSWER_REFUSED,     /* Redis replied with an error, which is logged */
};

#endif
