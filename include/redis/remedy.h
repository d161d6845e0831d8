/*
 * remedy.h - what an operator can do about an error of Redis.
 */
#ifndef REDIS_REMEDY_H
#define REDIS_REMEDY_H

#define REMEDY_TEXT_MAX 192

/* The kind of an error, for a status that can hold only a number. Never 0. */
unsigned remedy_kind(const char *error);
/* What to do about this kind; fixed text, without anything from Redis's answer. */
const char *remedy_words(unsigned kind);

/* ` do="…"`, to be appended to a log line; "" if nothing is known. */
const char *remedy_print(char out[static REMEDY_TEXT_MAX], const char *error);
#define REMEDY_TEXT(error) remedy_print((char[REMEDY_TEXT_MAX]){0}, (error))

/* Log a warning: `event why="<error>" do="<remedy>"`. */
void remedy_warn(const char *event, const char *error);

#endif
