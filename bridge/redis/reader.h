/*
 * reader.h - reads words that are separated by single spaces, one after another.
 *
 * Promise   Nothing is read beyond the end. A missing or malformed field sets `failed`, which stays set, so that a
 *           parser can read all its fields and check once.
 */
#ifndef REDIS_READER_H
#define REDIS_READER_H

#include "base/bytes.h"
#include "words/position.h"

#include <stdbool.h>
#include <stdint.h>

struct reader {
    struct bytes rest; /* the bytes that are not read yet */
    bool failed;
};

/* The next word, and skip the space after it. An empty word is a failure. */
struct bytes reader_word(struct reader *reader);
uint64_t reader_number(struct reader *reader);
struct position reader_position(struct reader *reader);
/* The next `len` bytes, whatever they contain; with fewer left it fails, and returns those. */
struct bytes reader_bytes(struct reader *reader, uint64_t len);

#endif
