/*
 * message.h - a message to publish, whichever way it came in.
 */
#ifndef WORDS_MESSAGE_H
#define WORDS_MESSAGE_H

#include "base/bytes.h"

#define MESSAGE_KEY_MAX 128 /* bytes */

/* All borrowed. An absent field has a length of 0, and its data may be NULL. */
struct message {
    struct bytes channel;
    struct bytes payload;
    struct bytes event; /* the name that the publisher gave it */
    struct bytes from;  /* the sender, if known */
    struct bytes key;   /* idempotency key: a repeat within two minutes (same sender and channel) is not recorded */
};

#endif
