/*
 * live.c - parses an announcement, which the library's append() writes as:
 *
 *   <position> <previous> <flag> <era> <ordinal> <event bytes> <from bytes>\n<event><from><payload>
 */
#include "redis/live.h"

#include "reader.h"
#include "redis/listener.h"
#include "redis/names.h"

#include <string.h>

/* Parse all but the channel. */
static bool live_parse_payload(struct bytes payload, struct announcement *out)
{
    struct reader head = {0}, body = {0};
    struct entry_source *source = &out->source;
    if (!bytes_split(payload, '\n', &head.rest, &body.rest))
        return false;
    source->position = reader_position(&head);
    source->previous = reader_position(&head);
    struct bytes flag = reader_word(&head);
    out->is_echoed = bytes_is(flag, "e");
    out->era = reader_number(&head);
    out->ordinal = reader_number(&head);
    source->event = reader_bytes(&body, reader_number(&head));
    source->from = reader_bytes(&body, reader_number(&head));
    source->payload = body.rest;
    return !head.failed && !body.failed && flag.len == 1;
}

bool live_parse(const struct redis_config *config, const struct heard *heard, struct announcement *out)
{
    *out = (struct announcement){0};
    return names_live_of(config, heard->channel, &out->source.channel) && live_parse_payload(heard->payload, out);
}

bool live_parse_any(const struct redis_config *config, const struct heard *heard, struct announcement *out)
{
    *out = (struct announcement){0};
    return names_any_live_of(config, heard->channel, &out->source.channel) && live_parse_payload(heard->payload, out);
}

/* Is there a prefix before `live:`, and a channel after it? Either may contain that word, too. */
static bool live_is_name(struct bytes channel)
{
    static const char word[] = "live:";
    const size_t len = sizeof word - 1;
    return channel.len >= len + 2 && memmem(channel.data + 1, channel.len - 2, word, len);
}

bool live_is_announcement(struct bytes channel, struct bytes payload)
{
    struct announcement found = {0};
    struct bytes position, previous;
    if (!live_is_name(channel) || !live_parse_payload(payload, &found))
        return false;
    position = bytes_word(&payload, ' ');
    previous = bytes_word(&payload, ' ');
    return bytes_is(position, POSITION_TEXT(found.source.position)) &&
           bytes_is(previous, POSITION_TEXT(found.source.previous)) && (found.era == 0) == (found.ordinal == 0) &&
           !(found.is_echoed && found.era);
}
