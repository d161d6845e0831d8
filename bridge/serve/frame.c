/*
 * frame.c - from JSON to verbs. Whatever is wrong is answered; nothing here ends a connection by itself.
 */
#include "frame.h"

#include "ask.h"
#include "wire/json_string.h"
#include "ws.h"

#include <jansson.h>
#include <string.h>

#define REF_MAX 64
#define REF_TEXT_MAX (REF_MAX * 6 + 3) /* each byte escaped, quotes, NUL */
#define KEY_MAX 128

struct frame {
    struct ws *ws;
    json_t *object;
    char ref_text[REF_TEXT_MAX];
    struct ref ref;
};

static const struct ref frame_no_ref = {"", 0};

/* An optional member that must be a string where it is there. false: it is something else. */
static bool frame_read_string(const json_t *object, const char *name, struct bytes *out)
{
    const json_t *value = json_object_get(object, name);
    *out = (struct bytes){"", 0};
    if (!value || json_is_null(value))
        return true;
    if (!json_is_string(value))
        return false;
    *out = (struct bytes){json_string_value(value), json_string_length(value)};
    return true;
}

static bool frame_keep_ref(struct frame *frame, const struct buffer *text)
{
    if (text->failed || text->len >= sizeof frame->ref_text)
        return false;
    memcpy(frame->ref_text, text->data, text->len);
    frame->ref = (struct ref){frame->ref_text, text->len};
    return true;
}

/* An integer, or a string of up to REF_MAX bytes: kept as the JSON that it was. */
static bool frame_read_ref(struct frame *frame)
{
    const json_t *value = json_object_get(frame->object, "ref");
    struct buffer text = {0};
    frame->ref = frame_no_ref;
    if (!value || json_is_null(value))
        return true;
    if (json_is_integer(value))
        buffer_printf(&text, "%lld", (long long)json_integer_value(value));
    else if (json_is_string(value) && json_string_length(value) <= REF_MAX)
        wire_json_string(&text, (struct bytes){json_string_value(value), json_string_length(value)});
    bool is_good = text.len > 0 && frame_keep_ref(frame, &text);
    buffer_fini(&text);
    return is_good;
}

/* --- one function per type ---------------------------------------------------------------------------------------- */

/* NULL: *start is set. */
static const char *frame_read_start(const struct frame *frame, struct start *start, struct cursor *cursor)
{
    const json_t *replay = json_object_get(frame->object, "replay");
    struct bytes after;
    *start = (struct start){.kind = START_NOW};
    if (!frame_read_string(frame->object, "after", &after))
        return "after is not a string";
    if (after.len > 0)
        return ask_start_after(start, cursor, after) ? NULL : "after is not an id of ours";
    if (!replay || json_is_null(replay))
        return NULL;
    if (!json_is_integer(replay) || json_integer_value(replay) < 0)
        return "replay is not a number";
    *start = ask_start_newest((uint64_t)json_integer_value(replay));
    return NULL;
}

static void frame_on_subscribe(struct frame *frame)
{
    struct bytes channel;
    struct start start;
    struct cursor cursor;
    const char *problem;
    if (!frame_read_string(frame->object, "channel", &channel)) {
        ws_say_bad_frame(frame->ws, frame->ref, "channel is not a string");
        return;
    }
    problem = frame_read_start(frame, &start, &cursor);
    if (problem)
        ws_say_error(frame->ws, frame->ref, "bad_cursor", problem);
    else
        ws_subscribe(frame->ws, frame->ref, channel, &start);
}

static void frame_on_unsubscribe(struct frame *frame)
{
    struct bytes channel;
    if (frame_read_string(frame->object, "channel", &channel))
        ws_unsubscribe(frame->ws, frame->ref, channel);
    else
        ws_say_bad_frame(frame->ws, frame->ref, "channel is not a string");
}

static void frame_on_publish(struct frame *frame)
{
    struct ws_publication what;
    if (!json_is_string(json_object_get(frame->object, "data")))
        ws_say_bad_frame(frame->ws, frame->ref, "data is not a string");
    else if (!frame_read_string(frame->object, "channel", &what.channel) ||
             !frame_read_string(frame->object, "data", &what.payload) ||
             !frame_read_string(frame->object, "event", &what.event) ||
             !frame_read_string(frame->object, "key", &what.key))
        ws_say_bad_frame(frame->ws, frame->ref, "channel, event and key are strings");
    else if (what.key.len > KEY_MAX)
        ws_say_bad_frame(frame->ws, frame->ref, "key is longer than 128 bytes");
    else
        ws_publish(frame->ws, frame->ref, &what);
}

static void frame_on_pong(struct frame *frame)
{
    if (frame->ws->ponged_ms == 0) /* from now on it is expected to */
        frame->ws->ponged_ms = frame->ws->heard_ms;
}

static void frame_on_auth(struct frame *frame)
{
    ws_say_error(frame->ws, frame->ref, "forbidden", "tokens are not in use here");
}

static const struct frame_type {
    const char *name;
    void (*handle)(struct frame *frame);
} frame_types[] = {
    {"subscribe", frame_on_subscribe}, {"unsubscribe", frame_on_unsubscribe},
    {"publish", frame_on_publish},     {"pong", frame_on_pong},
    {"auth", frame_on_auth},
};

/* --- whole messages ----------------------------------------------------------------------------------------------- */

static void frame_on_object(struct frame *frame)
{
    const char *type = json_string_value(json_object_get(frame->object, "type"));
    if (!frame_read_ref(frame)) {
        ws_say_bad_frame(frame->ws, frame_no_ref, "ref is neither an integer nor a string of up to 64 bytes");
        return;
    }
    for (size_t i = 0; type && i < sizeof frame_types / sizeof *frame_types; i++) {
        if (strcmp(type, frame_types[i].name) == 0) {
            frame_types[i].handle(frame);
            return;
        }
    }
    ws_say_bad_frame(frame->ws, frame->ref, "type is subscribe, unsubscribe, publish, pong or auth");
}

void frame_on_text(struct ws *ws, const char *bytes, size_t len)
{
    struct frame frame = {.ws = ws, .object = json_loadb(bytes, len, JSON_ALLOW_NUL, NULL)};
    if (json_is_object(frame.object))
        frame_on_object(&frame);
    else
        ws_say_bad_frame(ws, frame_no_ref, "this is not a JSON object");
    json_decref(frame.object);
}

/* A ref in a binary frame is a word: where it is not a number, it is given back as a string. */
static bool frame_read_word_ref(struct frame *frame, struct bytes word)
{
    struct buffer text = {0};
    bool is_number = word.len > 0 && word.len <= 15;
    frame->ref = frame_no_ref;
    if (word.len == 0)
        return true;
    if (word.len > REF_MAX)
        return false;
    for (size_t i = 0; i < word.len; i++)
        is_number = is_number && word.data[i] >= '0' && word.data[i] <= '9';
    if (is_number && (word.data[0] != '0' || word.len == 1))
        buffer_append(&text, word.data, word.len);
    else
        wire_json_string(&text, word);
    bool is_good = frame_keep_ref(frame, &text);
    buffer_fini(&text);
    return is_good;
}

/* "publish <channel> <ref>": a channel may have spaces, a ref has none. */
static bool frame_read_line(struct frame *frame, struct bytes line, struct bytes *channel)
{
    static const char verb[] = "publish ";
    size_t verb_len = sizeof verb - 1;
    if (line.len < verb_len || memcmp(line.data, verb, verb_len) != 0)
        return false;
    const char *rest = line.data + verb_len;
    size_t rest_len = line.len - verb_len;
    const char *space = memrchr(rest, ' ', rest_len);
    if (!space)
        return false;
    *channel = (struct bytes){rest, (size_t)(space - rest)};
    return frame_read_word_ref(frame, (struct bytes){space + 1, rest_len - channel->len - 1});
}

void frame_on_binary(struct ws *ws, const char *bytes, size_t len)
{
    struct frame frame = {.ws = ws, .ref = frame_no_ref};
    struct ws_publication what = {.event = {"", 0}, .key = {"", 0}};
    const char *end = memchr(bytes, '\n', len);
    if (!end || !frame_read_line(&frame, (struct bytes){bytes, (size_t)(end - bytes)}, &what.channel)) {
        ws_say_bad_frame(ws, frame_no_ref, "a binary frame begins with a line: publish <channel> <ref>");
        return;
    }
    what.payload = (struct bytes){end + 1, len - (size_t)(end - bytes) - 1};
    ws_publish(ws, frame.ref, &what);
}
