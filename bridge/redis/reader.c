/*
 * reader.c - words, and the numbers and positions that they stand for.
 */
#include "reader.h"

struct bytes reader_word(struct reader *reader)
{
    struct bytes word = bytes_word(&reader->rest, ' ');
    reader->failed |= word.len == 0;
    return word;
}

uint64_t reader_number(struct reader *reader)
{
    uint64_t number = 0;
    reader->failed |= !bytes_number(reader_word(reader), UINT64_MAX, &number);
    return number;
}

struct position reader_position(struct reader *reader)
{
    struct position position = {0};
    struct bytes word = reader_word(reader);
    reader->failed |= !position_parse(word, &position);
    return position;
}

struct bytes reader_bytes(struct reader *reader, uint64_t len)
{
    struct bytes rest = reader->rest;
    reader->failed |= len > rest.len;
    reader->rest = bytes_skip(rest, len < rest.len ? (size_t)len : rest.len);
    return (struct bytes){rest.data, rest.len - reader->rest.len};
}
