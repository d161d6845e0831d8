/*
 * reply.h - how long Redis's reply to a publishing command is: a line, and a body if the line is "$<length>".
 */
#ifndef BENCH_REPLY_H
#define BENCH_REPLY_H

#include <stdlib.h>
#include <string.h>

/* The length in bytes of the reply that begins at `text`, 0 if it is incomplete. */
static inline size_t reply_length(const char *text, const char *end)
{
    const char *line_end = memchr(text, '\n', (size_t)(end - text));
    if (!line_end)
        return 0;
    size_t length = (size_t)(line_end - text) + 1;
    if (text[0] == '$' && text[1] != '-')
        length += (size_t)atol(text + 1) + 2;
    return length <= (size_t)(end - text) ? length : 0;
}

#endif
