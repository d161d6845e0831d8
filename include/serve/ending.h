/*
 * ending.h - why a stream ends: each one for exactly one of these reasons, and each reason is counted.
 */
#ifndef SERVE_ENDING_H
#define SERVE_ENDING_H

enum ending {
    ENDING_AGE,         /* its time was over */
    ENDING_DRAIN,       /* this instance goes */
    ENDING_STALLED,     /* the browser took nothing */
    ENDING_WRITE,       /* the socket is broken */
    ENDING_SILENT,      /* no sign of life came back */
    ENDING_LEFT,        /* the browser said goodbye */
    ENDING_CLOSED,      /* the browser is gone, without a word */
    ENDING_POLICY,      /* it asked for what it may not have, or said what makes no sense */
    ENDING_UNAVAILABLE, /* something that it needs is not there at the moment: room, Redis */
    ENDING_MEMORY,      /* there was no memory */
    ENDINGS,
};

struct problem;

/* Of a stream that ends because of this problem. */
enum ending ending_of(const struct problem *problem);

/* "age", "drain" and so on, as metrics and the log say it. */
const char *ending_name(enum ending ending);

#endif
