/*
 * announcement.c - what is said on live channels, as library.lua's append() writes it:
 *
 *   <position> <previous> <flag> <era> <ordinal> <event bytes> <from bytes>\n<event><from><payload>
 */
#include "redis/redis.h"

#include <stdio.h>
#include <string.h>

#define LIVE "live:"

struct words {
    const char *at, *end;
};

/* The next word up to a space or the newline, which is passed over. */
static struct bytes announcement_word(struct words *words)
{
    const char *start = words->at;
    while (words->at < words->end && *words->at != ' ' && *words->at != '\n')
        words->at++;
    struct bytes word = {start, (size_t)(words->at - start)};
    if (words->at < words->end)
        words->at++;
    return word;
}

static bool announcement_number(struct words *words, uint64_t *out)
{
    struct bytes word = announcement_word(words);
    if (word.len == 0 || word.len > 18)
        return false;
    *out = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] < '0' || word.data[i] > '9')
            return false;
        *out = *out * 10 + (uint64_t)(word.data[i] - '0');
    }
    return true;
}

static bool announcement_position(struct words *words, struct position *out)
{
    struct bytes word = announcement_word(words);
    return position_parse(word.data, word.len, out);
}

bool announcement_parse(const struct redis_config *config, const struct heard *heard, struct announcement *out)
{
    size_t skip = strlen(config->prefix) + strlen(LIVE);
    if (heard->channel.len <= skip || memcmp(heard->channel.data, config->prefix, skip - strlen(LIVE)) != 0 ||
        memcmp(heard->channel.data + skip - strlen(LIVE), LIVE, strlen(LIVE)) != 0)
        return false;

    struct words words = {heard->payload.data, heard->payload.data + heard->payload.len};
    struct entry_source *source = &out->source;
    *out = (struct announcement){0};
    uint64_t event_len, from_len;
    if (!announcement_position(&words, &source->position) || !announcement_position(&words, &source->previous))
        return false;
    struct bytes flag = announcement_word(&words);
    if (flag.len != 1 || !announcement_number(&words, &out->era) || !announcement_number(&words, &out->ordinal) ||
        !announcement_number(&words, &event_len) || !announcement_number(&words, &from_len))
        return false;
    size_t rest = (size_t)(words.end - words.at);
    if (event_len > rest || from_len > rest - event_len)
        return false;

    out->is_echoed = flag.data[0] == 'e';
    source->channel = heard->channel.data + skip;
    source->channel_len = heard->channel.len - skip;
    source->event = words.at;
    source->event_len = event_len;
    source->from = words.at + event_len;
    source->from_len = from_len;
    source->payload = source->from + from_len;
    source->payload_len = rest - event_len - from_len;
    return true;
}

size_t live_name(const struct redis_config *config, const char *name, size_t len, char out[static LIVE_NAME_MAX])
{
    size_t prefix = strlen(config->prefix);
    CHECK(prefix + strlen(LIVE) + len < LIVE_NAME_MAX);
    memcpy(out, config->prefix, prefix);
    memcpy(out + prefix, LIVE, strlen(LIVE));
    memcpy(out + prefix + strlen(LIVE), name, len);
    out[prefix + strlen(LIVE) + len] = '\0';
    return prefix + strlen(LIVE) + len;
}

void node_channel(const struct redis_config *config, const char *node, char out[static NODE_CHANNEL_MAX])
{
    snprintf(out, NODE_CHANNEL_MAX, "%snode:%s", config->prefix, node);
}
