/*
 * help.h - what --help prints.
 */
#ifndef APP_HELP_H
#define APP_HELP_H

/* To standard output. */
void help_print(void);

#endif
