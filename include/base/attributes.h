/*
 * attributes.h - promises in a prototype that the compiler checks at each call (GCC and Clang).
 */
#ifndef BASE_ATTRIBUTES_H
#define BASE_ATTRIBUTES_H

/* The result says whether the call worked and must not be ignored. */
#define MUST_CHECK __attribute__((warn_unused_result))
/* Parameter number `text` (counted from 1) is a printf format for the arguments from number `first` on. */
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

#endif
