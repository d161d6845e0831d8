/*
 * startup.h - from flags and environment to a config, and to what this process is to do.
 *
 * Story     settings.c holds the one table of settings; startup_read() goes through it. A flag wins over the environment,
 *           that over the default. Whatever is wrong is said on standard error, one line per setting: its name, the
 *           value, what is accepted. Nothing else in the program reads the environment.
 */
#ifndef APP_STARTUP_H
#define APP_STARTUP_H

#include "base/check.h"

struct config;

enum startup_action {
    STARTUP_SUPERVISE,  /* run, with worker processes */
    STARTUP_FOREGROUND, /* run, in one process */
    STARTUP_CHECK,      /* ask the running instance whether it is ready */
    STARTUP_DONE,       /* --help or --version was answered: exit 0 */
    STARTUP_BAD,        /* what is wrong has been said: exit 1 */
};

/* `out` is yours in any case; to be given back with config_free(). The log is open afterwards. */
MUST_CHECK enum startup_action startup_read(struct config **out, int argc, char **argv);

#endif
