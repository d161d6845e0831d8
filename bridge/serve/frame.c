/*
 * frame.c - turns JSON, or a line followed by bytes, into a struct frame.
 */
#include "frame.h"

#include "ask.h"
#include "wire/json_string.h"

#include <jansson.h>

#define WORD_NUMBER_DIGITS_MAX 15 /* up to this length, every JSON parser reads a number exactly */

static struct refusal frame_bad(const char *why)
{
    return refusal_because(PROBLEM_BAD_FRAME, why);
}

/* --- members ------------------------------------------------------------------------------------------------------ */

/* An optional member that must be a string if it is present. false: it is something else. */
static bool frame_read_string(const struct frame *frame, const char *name, struct bytes *out)
{
    const json_t *value = json_object_get(frame->object, name);
    *out = BYTES("");
    if (!value || json_is_null(value))
        return true;
    if (!json_is_string(value))
        return false;
    *out = (struct bytes){json_string_value(value), json_string_length(value)};
    return true;
}

/* Copy `text` into the frame as its ref, and free `text`. false: it is empty or too long, or no memory. */
static bool frame_keep_ref(struct frame *frame, struct buffer *text)
{
    bool is_good = !text->failed && text->len > 0 && text->len <= sizeof frame->ref_text;
    if (is_good) {
        memcpy(frame->ref_text, text->data, text->len);
        frame->ref = (struct bytes){frame->ref_text, text->len};
    }
    buffer_fini(text);
    return is_good;
}

/* The ref is an integer, or a string of up to FRAME_REF_LEN_MAX bytes; it is kept as JSON. */
static bool frame_read_ref(struct frame *frame)
{
    const json_t *value = json_object_get(frame->object, "ref");
    struct buffer text = {0};
    if (!value || json_is_null(value))
        return true;
    if (json_is_integer(value))
        buffer_printf(&text, "%lld", (long long)json_integer_value(value));
    else if (json_is_string(value) && json_string_length(value) <= FRAME_REF_LEN_MAX)
        wire_json_string(&text, (struct bytes){json_string_value(value), json_string_length(value)});
    return frame_keep_ref(frame, &text);
}

static struct refusal frame_read_start(struct frame *frame)
{
    const json_t *replay = json_object_get(frame->object, "replay");
    struct bytes after;
    frame->start = (struct start){.kind = START_NOW};
    if (!frame_read_string(frame, "after", &after))
        return refusal_because(PROBLEM_BAD_CURSOR, "after must be a string");
    if (after.len > 0)
        return ask_start_after(&frame->start, &frame->after, after)
                   ? REFUSAL_NONE
                   : refusal_about(PROBLEM_BAD_CURSOR, "after must be an id of this server, not %s", after);
    if (!replay || json_is_null(replay))
        return REFUSAL_NONE;
    if (!json_is_integer(replay) || json_integer_value(replay) < 0)
        return refusal_because(PROBLEM_BAD_CURSOR, "replay must be a whole number, 0 or more");
    frame->start = ask_start_newest((uint64_t)json_integer_value(replay));
    return REFUSAL_NONE;
}

/* --- one function per type ---------------------------------------------------------------------------------------- */

static struct refusal frame_read_channel(struct frame *frame)
{
    if (!frame_read_string(frame, "channel", &frame->message.channel))
        return frame_bad("channel must be a string");
    return REFUSAL_NONE;
}

static struct refusal frame_read_subscribe(struct frame *frame)
{
    struct refusal refusal = frame_read_channel(frame);
    return refusal.problem ? refusal : frame_read_start(frame);
}

static struct refusal frame_read_publish(struct frame *frame)
{
    struct message *message = &frame->message;
    if (!json_is_string(json_object_get(frame->object, "data")))
        return frame_bad("data must be a string");
    if (!frame_read_string(frame, "channel", &message->channel) ||
        !frame_read_string(frame, "data", &message->payload) || !frame_read_string(frame, "event", &message->event) ||
        !frame_read_string(frame, "key", &message->key))
        return frame_bad("channel, event and key must be strings");
    if (message->key.len > MESSAGE_KEY_MAX)
        return frame_bad("key may have at most 128 bytes");
    return REFUSAL_NONE;
}

static struct refusal frame_read_nothing(struct frame *frame)
{
    (void)frame;
    return REFUSAL_NONE;
}

static const struct frame_row {
    const char *name;
    enum frame_type type;
    struct refusal (*read)(struct frame *frame);
} frame_rows[] = {
    {"subscribe", FRAME_SUBSCRIBE, frame_read_subscribe},
    {"unsubscribe", FRAME_UNSUBSCRIBE, frame_read_channel},
    {"publish", FRAME_PUBLISH, frame_read_publish},
    {"pong", FRAME_PONG, frame_read_nothing},
    {"auth", FRAME_AUTH, frame_read_nothing},
};

/* --- whole messages ----------------------------------------------------------------------------------------------- */

static void frame_init(struct frame *frame)
{
    frame->object = NULL;
    frame->ref = BYTES("");
    frame->message = (struct message){
        .payload = BYTES(""), .channel = BYTES(""), .event = BYTES(""), .from = BYTES(""), .key = BYTES("")};
}

void frame_fini(struct frame *frame)
{
    json_decref(frame->object);
    frame->object = NULL;
}

struct refusal frame_read_text(struct frame *frame, struct bytes message)
{
    frame_init(frame);
    frame->object = json_loadb(message.data, message.len, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(frame->object))
        return frame_bad("the message must be a JSON object");
    if (!frame_read_ref(frame))
        return frame_bad("ref must be an integer or a string of at most 64 bytes");
    const char *type = json_string_value(json_object_get(frame->object, "type"));
    for (size_t i = 0; type && i < sizeof frame_rows / sizeof *frame_rows; i++) {
        if (strcmp(type, frame_rows[i].name) != 0)
            continue;
        frame->type = frame_rows[i].type;
        return frame_rows[i].read(frame);
    }
    return frame_bad("type must be subscribe, unsubscribe, publish, pong or auth");
}

/* The ref of a binary frame is a word; if it is not a number, it is given back as a JSON string. */
static bool frame_read_word_ref(struct frame *frame, struct bytes word)
{
    struct buffer text = {0};
    bool is_number =
        bytes_is_digits(word) && word.len <= WORD_NUMBER_DIGITS_MAX && (word.data[0] != '0' || word.len == 1);
    if (word.len == 0)
        return true;
    if (word.len > FRAME_REF_LEN_MAX)
        return false;
    if (is_number)
        buffer_append(&text, word.data, word.len);
    else
        wire_json_string(&text, word);
    return frame_keep_ref(frame, &text);
}

/* "publish <channel> <ref>": a channel may contain spaces, a ref may not. */
static bool frame_read_line(struct frame *frame, struct bytes line)
{
    if (!bytes_take(&line, "publish "))
        return false;
    const char *space = memrchr(line.data, ' ', line.len);
    if (!space)
        return false;
    frame->message.channel = (struct bytes){line.data, (size_t)(space - line.data)};
    return frame_read_word_ref(frame, bytes_skip(line, frame->message.channel.len + 1));
}

struct refusal frame_read_binary(struct frame *frame, struct bytes message)
{
    struct bytes line;
    frame_init(frame);
    frame->type = FRAME_PUBLISH;
    if (!bytes_split(message, '\n', &line, &frame->message.payload) || !frame_read_line(frame, line)) {
        frame->ref = BYTES("");
        return frame_bad("a binary frame must begin with the line: publish <channel> <ref>");
    }
    return REFUSAL_NONE;
}
