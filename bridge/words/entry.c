/*
 * entry.c - an entry is one block: the struct, then its strings, each followed by a NUL.
 */
#include "words/entry.h"

#include "base/utf8.h"
#include "words/marker.h"

#include <stdlib.h>
#include <string.h>

static const char *entry_copy(char **at, struct bytes bytes)
{
    char *copy = *at;
    if (bytes.len > 0)
        memcpy(copy, bytes.data, bytes.len);
    copy[bytes.len] = '\0';
    *at = copy + bytes.len + 1;
    return copy;
}

static size_t entry_strings_size(size_t channel, size_t event, size_t from, size_t payload)
{
    return channel + event + from + payload + 4;
}

struct entry *entry_new(const struct entry_source *s)
{
    struct entry *entry =
        malloc(sizeof *entry + entry_strings_size(s->channel.len, s->event.len, s->from.len, s->payload.len));
    if (!entry)
        return NULL;
    char *at = (char *)(entry + 1);
    *entry = (struct entry){
        .refs = 1,
        .is_text = utf8_is_valid(s->payload.data, s->payload.len),
        .position = s->position,
        .previous = s->previous,
        .channel_len = s->channel.len,
        .event_len = s->event.len,
        .from_len = s->from.len,
        .payload_len = s->payload.len,
    };
    entry->is_marker = marker_parse(s->event, &entry->reason);
    entry->channel = entry_copy(&at, s->channel);
    entry->event = entry_copy(&at, s->event);
    entry->from = entry_copy(&at, s->from);
    entry->payload = entry_copy(&at, s->payload);
    return entry;
}

struct entry *entry_ref(struct entry *entry)
{
    CHECK(entry->refs > 0);
    entry->refs++;
    return entry;
}

void entry_unref(struct entry *entry)
{
    if (!entry)
        return;
    CHECK(entry->refs > 0);
    if (--entry->refs > 0)
        return;
    for (unsigned format = 0; format < ENTRY_FORMATS; format++)
        buffer_fini(&entry->encoded[format]);
    free(entry);
}

const struct buffer *entry_encoded(struct entry *entry, unsigned format, entry_encode_fn encode)
{
    CHECK(format < ENTRY_FORMATS);
    struct buffer *encoded = &entry->encoded[format];
    if (encoded->data)
        return encoded;
    /* Reserve first, so that an empty encoding has data and is not taken for a missing one. */
    if (buffer_reserve(encoded, entry->payload_len + 1))
        encode(format, entry, NULL, encoded);
    if (encoded->failed) {
        buffer_fini(encoded);
        return NULL;
    }
    return encoded;
}

struct gap entry_gap(const struct entry *marker)
{
    return (struct gap){.channel = {marker->channel, marker->channel_len},
                        .after = marker->previous,
                        .has_oldest = true,
                        .oldest = marker->position,
                        .reason = marker->reason};
}

size_t entry_size(const struct entry *entry)
{
    return sizeof *entry +
           entry_strings_size(entry->channel_len, entry->event_len, entry->from_len, entry->payload_len);
}
