/*
 * answer.c - without a reply nobody knows whether it was done; with an error it was not.
 */
#include "answer.h"

#include "base/clock.h"
#include "redis/remedy.h"
#include "state.h"

#include <stdio.h>
#include <string.h>

#define LOG_SAME_MS 10000 /* between two lines about the same error */
#define LOG_OTHER_MS 1000 /* between any two */

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

void answer_log_error(struct broker *broker, const char *event, const char *why)
{
    uint64_t now_ms = clock_now_ms(), since_ms = now_ms - broker->error_logged_ms;
    bool is_same = strncmp(broker->logged_error, why, sizeof broker->logged_error - 1) == 0;
    if (broker->error_logged_ms != 0 && since_ms < (is_same ? LOG_SAME_MS : LOG_OTHER_MS))
        return;
    broker->error_logged_ms = now_ms;
    snprintf(broker->logged_error, sizeof broker->logged_error, "%s", why);
    remedy_warn(event, why);
}
