/*
 * start.h - where a subscriber begins.
 */
#ifndef BROKER_START_H
#define BROKER_START_H

struct cursor;

enum start_kind {
    START_NOW,    /* what is published from now on */
    START_AFTER,  /* what comes after `after` (the beginning: all that is kept) */
    START_NEWEST, /* the newest `count` entries over all feeds that share this start, then what comes */
};

struct start {
    enum start_kind kind;
    unsigned count;             /* START_NEWEST */
    const struct cursor *after; /* START_AFTER; borrowed for the call that it is handed to */
};

#endif
