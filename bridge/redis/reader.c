/*
 * reader.c - where a word ends, and what it is.
 */
#include "reader.h"

struct bytes reader_word(struct reader *reader)
{
    struct bytes *rest = &reader->rest;
    struct bytes word = {rest->data, 0};
    while (word.len < rest->len && word.data[word.len] != ' ' && word.data[word.len] != '\n')
        word.len++;
    size_t passed = word.len < rest->len ? word.len + 1 : word.len;
    *rest = (struct bytes){rest->data + passed, rest->len - passed};
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
    struct bytes *rest = &reader->rest;
    if (len > rest->len) {
        reader->failed = true;
        len = rest->len;
    }
    struct bytes bytes = {rest->data, (size_t)len};
    *rest = (struct bytes){rest->data + len, rest->len - (size_t)len};
    return bytes;
}
