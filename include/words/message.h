/*
 * message.h - what somebody wants published, whichever way it comes in.
 */
#ifndef WORDS_MESSAGE_H
#define WORDS_MESSAGE_H

#include "base/bytes.h"

#define MESSAGE_KEY_MAX 128 /* bytes */

/* All borrowed. What is absent has a length of 0, and data that may be NULL. */
struct message {
    struct bytes channel;
    struct bytes payload;
    struct bytes event; /* a name that the publisher gives it */
    struct bytes from;  /* who says it, where that is known */
    struct bytes key;   /* the same key within two minutes is recorded once */
};

#endif
