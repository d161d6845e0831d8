/*
 * check.h - what we believe, said aloud.
 *
 * CHECK    an invariant: where it is broken, the process says what and ends, in release builds too. The platform
 *          starts us again and browsers resume; going on with a broken invariant would lose messages silently.
 * EXPECT   a belief whose failure is survivable: aborts where NDEBUG is not set, else answers false and the caller
 *          takes the safe branch.
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

/* Log the broken belief and abort. */
_Noreturn void check_failed(const char *file, int line, const char *condition);

/* Log the broken belief; abort in debug builds, else answer false. */
bool expect_failed(const char *file, int line, const char *condition);

#endif
