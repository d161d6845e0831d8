/*
 * advice.h - settings that are accepted but are probably not what the operator meant.
 */
#ifndef APP_ADVICE_H
#define APP_ADVICE_H

struct config;

/* Log a warning for each of them, with a hint that says what to change. The log must be open. */
void advice_log(const struct config *config);

#endif
