/*
 * complaint.h - an error that Redis may answer again and again: which one it is, and its log lines.
 *
 * Story     An error that lasts is logged at once, then after 1, 2, 4 … seconds, at most 5 minutes: it shows in any part of
 *           the log, and does not fill it. Nor do errors that take turns: there is at most one line a second.
 * Use       Zero-initialize it. `kind` may be read.
 */
#ifndef REDIS_COMPLAINT_H
#define REDIS_COMPLAINT_H

#include <stdint.h>

struct complaint {
    unsigned kind;     /* of the newest answer (remedy_kind); 0: it was not an error */
    char told[64];     /* the beginning of the error that was logged last ... */
    uint64_t told_ms;  /* ... and when; 0: never */
    uint64_t pause_ms; /* for which it is not logged again */
};

/* Redis answered with this error. */
void complaint_hear(struct complaint *complaint, const char *event, const char *error);
/* Redis did what it was asked. */
void complaint_end(struct complaint *complaint);

#endif
