/*
 * overload.c - a hash table of names.
 */
#include "overload.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define CHANNELS_MAX 1000

struct overloaded {
    UT_hash_handle by_name;
    char name[];
};

static bool overload_add(struct overload *overload, struct bytes channel)
{
    struct overloaded *one = NULL;
    if (HASH_CNT(by_name, overload->channels) < CHANNELS_MAX)
        one = calloc(1, sizeof *one + channel.len);
    if (!one)
        return false;
    memcpy(one->name, channel.data, channel.len);
    HASH_ADD(by_name, overload->channels, name, channel.len, one);
    return true;
}

enum overload_mark overload_lose(struct overload *overload, struct bytes channel)
{
    struct overloaded *one;
    if (overload->is_total)
        return OVERLOAD_MARKED;
    HASH_FIND(by_name, overload->channels, channel.data, channel.len, one);
    if (one)
        return OVERLOAD_MARKED;
    if (overload_add(overload, channel))
        return OVERLOAD_CHANNEL;
    overload->is_total = true;
    return OVERLOAD_ALL;
}

void overload_end(struct overload *overload)
{
    struct overloaded *one, *next;
    HASH_ITER (by_name, overload->channels, one, next) {
        HASH_DELETE(by_name, overload->channels, one);
        free(one);
    }
    overload->is_total = false;
}
