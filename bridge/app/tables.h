/*
 * tables.h - the tables of the documentation that come from the code.
 */
#ifndef APP_TABLES_H
#define APP_TABLES_H

/* Print all of them to standard output, as Markdown, each below a line `## <name>`. */
void tables_print(void);

#endif
