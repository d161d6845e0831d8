/*
 * live.c - an announcement, as the library's append() writes it:
 *
 *   <position> <previous> <flag> <era> <ordinal> <event bytes> <from bytes>\n<event><from><payload>
 */
#include "redis/live.h"

#include "reader.h"
#include "redis/listener.h"
#include "redis/names.h"

bool live_parse(const struct redis_config *config, const struct heard *heard, struct announcement *out)
{
    struct reader reader = {.rest = heard->payload};
    struct entry_source *source = &out->source;
    *out = (struct announcement){0};
    if (!names_live_of(config, heard->channel, &source->channel))
        return false;
    source->position = reader_position(&reader);
    source->previous = reader_position(&reader);
    struct bytes flag = reader_word(&reader);
    out->is_echoed = bytes_is(flag, "e");
    out->era = reader_number(&reader);
    out->ordinal = reader_number(&reader);
    uint64_t event_len = reader_number(&reader), from_len = reader_number(&reader);
    source->event = reader_bytes(&reader, event_len);
    source->from = reader_bytes(&reader, from_len);
    source->payload = reader.rest;
    return !reader.failed && flag.len == 1;
}
