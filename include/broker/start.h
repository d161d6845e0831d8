/*
 * start.h - where a subscriber starts.
 */
#ifndef BROKER_START_H
#define BROKER_START_H

struct cursor;

enum start_kind {
    START_NOW,    /* entries published from now on */
    START_AFTER,  /* entries after `after` (if that is the beginning: all that are kept) */
    START_NEWEST, /* the newest `count` entries over all feeds that share this start, then new ones */
};

struct start {
    enum start_kind kind;
    unsigned count;             /* START_NEWEST */
    const struct cursor *after; /* START_AFTER; borrowed for the call that it is passed to */
};

#endif
