/*
 * live.c - parses an announcement, which the library's append() writes as:
 *
 *   <position> <previous> <flag> <era> <ordinal> <event bytes> <from bytes>\n<event><from><payload>
 */
#include "redis/live.h"

#include "reader.h"
#include "redis/listener.h"
#include "redis/names.h"

bool live_parse(const struct redis_config *config, const struct heard *heard, struct announcement *out)
{
    struct reader head = {0}, body = {0};
    struct entry_source *source = &out->source;
    *out = (struct announcement){0};
    if (!names_live_of(config, heard->channel, &source->channel) ||
        !bytes_split(heard->payload, '\n', &head.rest, &body.rest))
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
