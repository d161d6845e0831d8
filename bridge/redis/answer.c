/*
 * answer.c - our Lua functions return only strings and lists; numbers and flags are strings, too.
 */
#include "answer.h"

redisReply *const *answer_list(const redisReply *raw, size_t length)
{
    return raw->type == REDIS_REPLY_ARRAY && raw->elements == length ? raw->element : NULL;
}

bool answer_bytes(const redisReply *raw, struct bytes *out)
{
    if (raw->type != REDIS_REPLY_STRING)
        return false;
    *out = (struct bytes){raw->str, raw->len};
    return true;
}

bool answer_number(const redisReply *raw, uint64_t *out)
{
    struct bytes text;
    return answer_bytes(raw, &text) && bytes_number(text, UINT64_MAX, out);
}

bool answer_position(const redisReply *raw, struct position *out)
{
    struct bytes text;
    return answer_bytes(raw, &text) && position_parse(text, out);
}

bool answer_flag(const redisReply *raw)
{
    struct bytes text;
    return answer_bytes(raw, &text) && bytes_is(text, "1");
}

int answer_word(const redisReply *raw, const char *const *words)
{
    struct bytes text;
    if (answer_bytes(raw, &text))
        for (int i = 0; words[i]; i++)
            if (bytes_is(text, words[i]))
                return i;
    return -1;
}

struct reply answer_malformed(void)
{
    return (struct reply){REPLY_ERROR, "ERR the library returned an unexpected reply"};
}
