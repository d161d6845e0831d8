/*
 * answer.h - the outcome of a request to Redis.
 */
#ifndef BROKER_ANSWER_H
#define BROKER_ANSWER_H

enum answer {
    ANSWER_OK,
    ANSWER_UNAVAILABLE, /* Redis can't be reached or can't serve now; the request may or may not have been executed */
    ANSWER_REFUSED,     /* Redis answered with an error; the text says which */
};

#endif
