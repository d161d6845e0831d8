/*
 * complaint.c - an error that was logged less than its pause ago is not logged again, also if it ended in between.
 */
#include "redis/complaint.h"

#include "base/clock.h"
#include "redis/remedy.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PAUSE_FIRST_MS 900  /* a little less than a second, as some errors are heard once a second */
#define PAUSE_OTHER_MS 1000 /* between lines about different errors */
#define PAUSE_MOST_MS 300000

static void complaint_tell(struct complaint *complaint, const char *event, const char *error)
{
    uint64_t now_ms = clock_now_ms(), since_ms = now_ms - complaint->told_ms;
    bool is_same = strncmp(complaint->told, error, sizeof complaint->told - 1) == 0;
    if (complaint->told_ms != 0 && since_ms < (is_same ? complaint->pause_ms : PAUSE_OTHER_MS))
        return;
    bool lasts = is_same && since_ms < 3 * complaint->pause_ms;
    uint64_t pause_ms = lasts ? 2 * complaint->pause_ms : PAUSE_FIRST_MS;
    complaint->pause_ms = pause_ms < PAUSE_MOST_MS ? pause_ms : PAUSE_MOST_MS;
    complaint->told_ms = now_ms;
    snprintf(complaint->told, sizeof complaint->told, "%s", error);
    remedy_warn(event, error);
}

void complaint_hear(struct complaint *complaint, const char *event, const char *error)
{
    complaint->kind = remedy_kind(error);
    complaint_tell(complaint, event, error);
}

void complaint_end(struct complaint *complaint)
{
    complaint->kind = 0;
}
