/*
 * check.c - logs the condition that failed, and aborts if going on would be worse.
 */
#include "base/check.h"

#include "base/log.h"

#include <stdlib.h>

_Noreturn void check_failed(const char *file, int line, const char *condition)
{
    log_error("check_failed", "at=%s:%d belief=\"%s\" hint=\"a bug of redis-bridge: please report it\"", file, line,
              LOG_TEXT(condition, __builtin_strlen(condition)));
    abort();
}

bool expect_failed(const char *file, int line, const char *condition)
{
    log_error("expect_failed", "at=%s:%d belief=\"%s\" hint=\"a bug of redis-bridge: please report it\"", file, line,
              LOG_TEXT(condition, __builtin_strlen(condition)));
#ifndef NDEBUG
    abort();
#endif
    return false;
}
