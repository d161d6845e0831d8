/*
 * ending.h - why a stream ends: every stream ends for exactly one of these reasons, and each reason has a counter.
 */
#ifndef SERVE_ENDING_H
#define SERVE_ENDING_H

/* ending_sentence() says what each means. */
enum ending {
    ENDING_AGE,
    ENDING_DRAIN,
    ENDING_STALLED,
    ENDING_WRITE,
    ENDING_SILENT,
    ENDING_LEFT,
    ENDING_CLOSED,
    ENDING_POLICY,
    ENDING_UNAVAILABLE,
    ENDING_MEMORY,
    ENDINGS,
};

struct problem;

/* The reason to count if a stream ends because of this problem. */
enum ending ending_of(const struct problem *problem);

/* "age", "drain" and so on, as in metrics and in the log. */
const char *ending_name(enum ending ending);
/* "the instance was shutting down": for the documentation, in Markdown. */
const char *ending_sentence(enum ending ending);

#endif
