/*
 * log.c - each line is built on the stack and written with one write().
 *
 *     text  2025-01-31T12:00:00.123Z info worker[17] redis_up address=10.0.0.5 port=6379
 *     JSON  {"time":"2025-01-31T12:00:00.123Z","level":"info","message":"redis_up","role":"worker","pid":17,
 *            "address":"10.0.0.5","port":6379}                                                       (on one line)
 *
 * "message" and "level" are the names that log collectors look for. A line never exceeds LINE_MAX_BYTES (PIPE_BUF), so
 * a write to a pipe is atomic.
 */
#include "base/log.h"

#include "base/bytes.h"
#include "base/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096
#define BODY_MAX 1536
#define TEXT_BYTES 120

static struct {
    enum log_level level;
    bool json;
    const char *role;
} settings = {LOG_INFO, false, "bridge"};

static const char *const log_level_names[] = {"error", "warn", "info", "debug"};

struct line {
    size_t len;
    char bytes[LINE_MAX_BYTES];
};

void log_open(enum log_level level, bool json, const char *role)
{
    settings.level = level;
    settings.json = json;
    settings.role = role;
}

bool log_is_on(enum log_level level)
{
    return level <= settings.level;
}

static bool log_is_plain(char c)
{
    return c >= ' ' && c <= '~';
}

/* --- building a line: what does not fit is left out --------------------------------------------------------------- */

static void log_put(struct line *line, const char *bytes, size_t len)
{
    size_t room = sizeof line->bytes - line->len;
    if (len > room)
        len = room;
    memcpy(line->bytes + line->len, bytes, len);
    line->len += len;
}

static void log_put_text(struct line *line, const char *text)
{
    log_put(line, text, strlen(text));
}

static void log_put_number(struct line *line, long number)
{
    char text[24];
    log_put(line, text, (size_t)snprintf(text, sizeof text, "%ld", number));
}

static void log_put_time(struct line *line)
{
    uint64_t now_ms = clock_wall_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm tm;
    char text[40];
    gmtime_r(&seconds, &tm);
    size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    len += (size_t)snprintf(text + len, sizeof text - len, ".%03uZ", (unsigned)(now_ms % 1000));
    log_put(line, text, len);
}

static void log_put_json_string(struct line *line, const char *bytes, size_t len)
{
    log_put(line, "\"", 1);
    for (size_t i = 0; i < len && line->len + 8 < sizeof line->bytes; i++) {
        if (bytes[i] == '"' || bytes[i] == '\\')
            log_put(line, "\\", 1);
        log_put(line, bytes + i, 1);
    }
    log_put(line, "\"", 1);
}

/* Counts and sizes become JSON numbers, up to 15 digits: longer ones lose digits in readers that only have doubles. */
static bool log_is_number(struct bytes value)
{
    return value.len <= 15 && bytes_is_digits(value) && (value.len == 1 || value.data[0] != '0');
}

/* The length of the key if `key=` starts at `at`, else 0. */
static size_t log_key_len(const char *at)
{
    size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return at[len] == '=' ? len : 0;
}

/* `key=value key="value" …` as JSON members. A value without quotes extends to the next key, spaces included. */
static void log_put_json_pairs(struct line *line, const char *at)
{
    for (;;) {
        at += strspn(at, " ");
        if (*at == '\0' || line->len + 256 > sizeof line->bytes)
            return;
        size_t key = log_key_len(at);
        const char *value = key > 0 ? at + key + 1 : at, *end, *next;

        log_put(line, ",", 1);
        log_put_json_string(line, key > 0 ? at : "text", key > 0 ? key : 4);
        log_put(line, ":", 1);
        if (*value == '"') {
            end = strchrnul(++value, '"');
            next = *end == '"' ? end + 1 : end;
        } else {
            end = strchrnul(value, ' ');
            while (*end == ' ' && log_key_len(end + 1) == 0)
                end = strchrnul(end + 1, ' ');
            next = end;
        }
        struct bytes bytes = {value, (size_t)(end - value)};
        if (log_is_number(bytes))
            log_put(line, bytes.data, bytes.len);
        else
            log_put_json_string(line, bytes.data, bytes.len);
        at = next;
    }
}

static void log_put_json_line(struct line *line, enum log_level level, const char *event, const char *body)
{
    log_put_text(line, "{\"time\":\"");
    log_put_time(line);
    log_put_text(line, "\",\"level\":\"");
    log_put_text(line, log_level_names[level]);
    log_put_text(line, "\",\"message\":");
    log_put_json_string(line, event, strlen(event));
    log_put_text(line, ",\"role\":");
    log_put_json_string(line, settings.role, strlen(settings.role));
    log_put_text(line, ",\"pid\":");
    log_put_number(line, (long)getpid());
    log_put_json_pairs(line, body);
    log_put_text(line, "}");
}

static void log_put_text_line(struct line *line, enum log_level level, const char *event, const char *body)
{
    log_put_time(line);
    log_put_text(line, " ");
    log_put_text(line, log_level_names[level]);
    log_put_text(line, " ");
    log_put_text(line, settings.role);
    log_put_text(line, "[");
    log_put_number(line, (long)getpid());
    log_put_text(line, "] ");
    log_put_text(line, event);
    if (*body != '\0')
        log_put_text(line, " ");
    log_put_text(line, body);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void log_format_body(char out[static BODY_MAX], const char *format, va_list args)
{
    int len = vsnprintf(out, BODY_MAX, format, args);
    if (len < 0)
        out[0] = '\0';
    if (len >= BODY_MAX)
        memcpy(out + BODY_MAX - 4, "...", 4);
    /* Even if a caller forgot LOG_TEXT, text from outside can't start a new line or move a terminal's cursor. */
    for (char *at = out; *at != '\0'; at++)
        if (!log_is_plain(*at))
            *at = '?';
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    char body[BODY_MAX];
    struct line line = {.len = 0};
    va_list args;
    int saved = errno; /* callers may log between a failure and the check of its errno */
    if (!log_is_on(level))
        return;
    va_start(args, format);
    log_format_body(body, format, args);
    va_end(args);
    if (settings.json)
        log_put_json_line(&line, level, event, body);
    else
        log_put_text_line(&line, level, event, body);
    if (line.len == sizeof line.bytes)
        line.len--;
    line.bytes[line.len++] = '\n';
    while (write(STDERR_FILENO, line.bytes, line.len) < 0 && errno == EINTR)
        ;
    errno = saved;
}

const char *log_text(char out[static LOG_TEXT_MAX], const char *bytes, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < len && i < TEXT_BYTES; i++) {
        if (log_is_plain(bytes[i]) && bytes[i] != '"' && bytes[i] != '\\')
            out[at++] = bytes[i];
        else
            at += (size_t)snprintf(out + at, 5, "\\x%02x", (unsigned char)bytes[i]);
    }
    if (len > TEXT_BYTES) {
        memcpy(out + at, "...", 3);
        at += 3;
    }
    out[at] = '\0';
    return out;
}
