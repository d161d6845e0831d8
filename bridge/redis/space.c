/*
 * space.c - the first answer that comes decides for all connections of the process.
 */
#include "space.h"

#include "answer.h"

bool space_is_unknown(const struct redis_config *config)
{
    return config->db != 0 && config->space && *config->space == SPACE_UNKNOWN;
}

const char *space_hear(const struct redis_config *config, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR)
        return reply->str;
    if (space_is_unknown(config))
        *config->space = answer_flag(reply) ? SPACE_APART : SPACE_SHARED;
    return NULL;
}
