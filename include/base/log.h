/*
 * log.h - one line per event on standard error: `time level role[pid] event key=value …`, or the same as JSON.
 *
 * Promise   Text from outside is escaped and truncated, so that nobody can inject lines into our log. A line is written
 *           in one write(), so processes that share the stream do not mix lines. Never fails, never allocates.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* From now on write lines up to this level, as JSON or text; `role` (borrowed) names the process in each line. */
void log_open(enum log_level level, bool json, const char *role);

/* Would a line of this level be written? For callers whose arguments are expensive to compute. */
bool log_is_on(enum log_level level);

/* Write one line. `event` is a fixed word; `format` makes `key=value` pairs. Text from outside must go through LOG_TEXT
 * and be quoted: `channel="%s"`. Leaves errno as it was. */
void log_line(enum log_level level, const char *event, const char *format, ...) PRINTF_LIKE(3, 4);

/* Escape up to 120 bytes from outside into `out` (quotes, backslashes and all but printable ASCII become \xNN). */
#define LOG_TEXT_MAX 512
const char *log_text(char out[static LOG_TEXT_MAX], const char *bytes, size_t len);
#define LOG_TEXT(bytes, len) log_text((char[LOG_TEXT_MAX]){0}, (bytes), (len))

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...)                                                                                                 \
    do {                                                                                                               \
        if (log_is_on(LOG_DEBUG))                                                                                      \
            log_line(LOG_DEBUG, __VA_ARGS__);                                                                          \
    } while (0)

#endif
