/*
 * answer.c - without a reply nobody knows whether it was done; with an error it was not.
 */
#include "answer.h"

enum answer answer_of(struct reply reply)
{
    switch (reply.status) {
    case REPLY_OK:
        return ANSWER_OK;
    case REPLY_DOWN:
        return ANSWER_UNAVAILABLE;
    case REPLY_ERROR:
        break;
    }
    return ANSWER_REFUSED;
}
