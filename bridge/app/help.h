/*
 * help.h - the settings, told to people: --help, and the table in the README.
 */
#ifndef APP_HELP_H
#define APP_HELP_H

void help_print(void);
void help_print_markdown(void);

#endif
