/*
 * check.h - assertions.
 *
 * CHECK    an invariant: if it is broken, the process logs the condition and aborts, in release builds too. The
 *          supervisor restarts the process and browsers resume; continuing could lose messages silently.
 * EXPECT   a condition whose failure is survivable: aborts unless NDEBUG is set; with NDEBUG it evaluates to false and
 *          the caller takes the safe branch.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include "base/attributes.h"

#include <stdbool.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            check_failed(__FILE__, __LINE__, #condition);                                                              \
    } while (0)

#define EXPECT(condition) ((condition) || expect_failed(__FILE__, __LINE__, #condition))

/* Log the failed condition and abort. */
_Noreturn void check_failed(const char *file, int line, const char *condition);

/* Log the failed condition; abort in debug builds, else return false. */
bool expect_failed(const char *file, int line, const char *condition);

#endif
