/*
 * control.c - parses a control message: the word that says its kind, then the fields.
 */
#include "redis/control.h"

#include "reader.h"

static bool control_kind(struct bytes word, enum control_kind *out)
{
    static const struct {
        const char *word;
        enum control_kind kind;
    } table[] = {
        {"genesis", CONTROL_GENESIS}, {"lost", CONTROL_LOST},         {"renewed", CONTROL_RENEWED},
        {"era", CONTROL_ERA},         {"vacant", CONTROL_VACANT},     {"sync", CONTROL_SYNC},
        {"place", CONTROL_PLACE},     {"unechoed", CONTROL_UNECHOED}, {"who", CONTROL_WHO},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (bytes_is(word, table[i].word)) {
            *out = table[i].kind;
            return true;
        }
    return false;
}

static void control_read_fields(struct reader *reader, struct control_word *out)
{
    switch (out->kind) {
    case CONTROL_GENESIS:
    case CONTROL_LOST:
        out->position = reader_position(reader);
        return;
    case CONTROL_RENEWED:
        out->era = reader_number(reader);
        out->node = reader_word(reader);
        return;
    case CONTROL_ERA:
        out->era = reader_number(reader);
        out->node = reader_word(reader);
        out->silent_ms = reader_number(reader);
        return;
    case CONTROL_SYNC:
        out->node = reader_word(reader);
        out->nonce = reader_number(reader);
        out->filter_hash = reader_number(reader);
        out->era = reader_number(reader);
        out->ordinal = reader_number(reader);
        return;
    case CONTROL_PLACE:
        out->node = reader_word(reader);
        out->nonce = reader_number(reader);
        out->era = reader_number(reader);
        out->ordinal = reader_number(reader);
        return;
    case CONTROL_VACANT:
        if (bytes_is(reader->rest, "standby"))
            out->kind = CONTROL_VACANT_STANDBY;
        else
            out->node = bytes_word(&reader->rest, ' ');
        return;
    case CONTROL_WHO:
        out->node = bytes_word(&reader->rest, ' ');
        return;
    case CONTROL_VACANT_STANDBY:
    case CONTROL_UNECHOED:
        return;
    }
}

bool control_parse(struct bytes payload, struct control_word *out)
{
    struct reader reader = {.rest = payload};
    *out = (struct control_word){0};
    if (!control_kind(reader_word(&reader), &out->kind))
        return false;
    control_read_fields(&reader, out);
    return !reader.failed;
}
