/*
 * reader.h - words with a space between them, read one after another.
 *
 * Promise   Nothing is read beyond the end. Once a field is not what it should be, `failed` is set and stays; so a parser
 *           reads all its fields, and asks once.
 */
#ifndef REDIS_READER_H
#define REDIS_READER_H

#include "base/bytes.h"
#include "words/position.h"

#include <stdbool.h>
#include <stdint.h>

struct reader {
    struct bytes rest; /* what is not read yet */
    bool failed;
};

/* The next word, which has at least one byte; the space behind it is passed over. */
struct bytes reader_word(struct reader *reader);
uint64_t reader_number(struct reader *reader);
struct position reader_position(struct reader *reader);
/* So many bytes, whatever they are. */
struct bytes reader_bytes(struct reader *reader, uint64_t len);

#endif
