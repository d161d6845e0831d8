/*
 * startup.h - from flags and environment to a config, and to what this process is to do.
 *
 * Story     settings.c holds the one table of settings; startup_read() goes through it. A flag takes precedence over
 *           the environment, and that over the default. Mistakes are reported on standard error, one line per setting:
 *           its name, the value, what is accepted. Except for advice.c, nothing else reads the environment.
 */
#ifndef APP_STARTUP_H
#define APP_STARTUP_H

#include "base/check.h"

struct config;

enum startup_action {
    STARTUP_SUPERVISE,  /* run, with worker processes */
    STARTUP_FOREGROUND, /* run, in one process */
    STARTUP_CHECK,      /* ask the running instance whether it is ready */
    STARTUP_DONE,       /* --help or the like was answered: exit 0 */
    STARTUP_BAD,        /* the mistakes have been reported: exit 1 */
};

/* In any case the caller frees *out with config_free(). The log is open afterwards, unless it is time to exit. */
MUST_CHECK enum startup_action startup_read(struct config **out, int argc, char **argv);

#endif
