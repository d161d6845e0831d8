/*
 * attributes.h - what a prototype promises, so that the compiler can hold callers to it (GCC and Clang).
 */
#ifndef BASE_ATTRIBUTES_H
#define BASE_ATTRIBUTES_H

/* The result says whether it worked, and must be looked at. */
#define MUST_CHECK __attribute__((warn_unused_result))
/* The parameter `text` (counted from 1) is a format of printf, for the arguments from `first` on. */
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

#endif
