/*
 * internal.c - recognizes the messages of any bridge by their form: the end of the channel's name, and the payload.
 *
 *   <prefix>live:<channel>     an announcement (live.c)
 *   <prefix>beat:<token>       a position
 *   <prefix>node:<token>       heard, perhaps with a number
 *   <prefix>control            a word of control.h with all its fields
 *
 * A user's channel may be called `robot:control`, and carry `who`. So the words without fields that users may use, too,
 * only count with the name of the worker or node behind them, which the previous release does not send: where it runs
 * beside this one, another fleet records its `vacant` and `who`. That ends by itself: recording one causes no other.
 */
#include "redis/internal.h"

#include "reader.h"
#include "redis/control.h"
#include "redis/listener.h"
#include "redis/live.h"
#include "redis/names.h"

#include <string.h>

#define KEYSPACE "__keyspace@"
#define KEYEVENT "__keyevent@"
#define CLOCK_MS_LEAST 100000000000u /* a position from a clock: 1973 or later. "lost 3-2" may be about a match. */

/* Does it end with this text, after at least one byte? Then cut the text off. */
static bool internal_cut(struct bytes *name, const char *end)
{
    size_t len = strlen(end);
    if (name->len <= len || memcmp(name->data + name->len - len, end, len) != 0)
        return false;
    name->len -= len;
    return true;
}

/* --- what bridges say to each other ------------------------------------------------------------------------------- */

static bool internal_is_token(struct bytes word)
{
    if (word.len != NAMES_TOKEN_MAX - 1)
        return false;
    for (size_t i = 0; i < word.len; i++)
        if (!(word.data[i] >= '0' && word.data[i] <= '9') && !(word.data[i] >= 'a' && word.data[i] <= 'z'))
            return false;
    return true;
}

/* Is it a channel of this kind that belongs to one worker or one node? */
static bool internal_is_token_channel(struct bytes channel, const char *kind)
{
    const size_t len = NAMES_TOKEN_MAX - 1;
    if (channel.len <= len || channel.data[channel.len - len - 1] != ':')
        return false;
    struct bytes before = {channel.data, channel.len - len};
    return internal_cut(&before, kind) && internal_is_token(bytes_skip(channel, channel.len - len));
}

static bool internal_is_position(struct bytes text)
{
    struct position position;
    return position_parse(text, &position) && bytes_is(text, POSITION_TEXT(position));
}

static bool internal_is_control(struct bytes payload)
{
    struct control_word word;
    if (!control_parse(payload, &word))
        return false;
    switch (word.kind) {
    case CONTROL_GENESIS:
    case CONTROL_LOST:
        return word.position.ms >= CLOCK_MS_LEAST;
    case CONTROL_RENEWED:
    case CONTROL_ERA:
    case CONTROL_VACANT:
    case CONTROL_SYNC:
    case CONTROL_PLACE:
    case CONTROL_WHO:
        return internal_is_token(word.node);
    case CONTROL_VACANT_STANDBY:
    case CONTROL_UNECHOED:
        return true;
    }
    return false;
}

static bool internal_is_others(struct bytes channel, struct bytes payload)
{
    char first = payload.len ? payload.data[0] : '\0';
    if (first >= '0' && first <= '9')
        return (internal_is_token_channel(channel, "beat:") && internal_is_position(payload)) ||
               live_is_announcement(channel, payload);
    if (first == 'h' && internal_is_token_channel(channel, "node:"))
        return bytes_is(bytes_word(&payload, ' '), "heard") && (payload.len == 0 || bytes_is_digits(payload));
    return first >= 'a' && first <= 'z' && internal_cut(&channel, "control") && internal_is_control(payload);
}

/* --- keyspace notifications --------------------------------------------------------------------------------------- */

/* Is it a key of another fleet's that can be nothing else? `hset` on the key `era` is among them because every call that
 * records does it, also one that then finds nothing to record (lua/events.lua). */
static bool internal_is_others_key(struct bytes key, struct bytes event)
{
    static const char *const ends[] = {"recorder:standby", "recorder:members", "channels:since", "inbox:position",
                                       "inbox:rejected"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (internal_cut(&key, ends[i]))
            return true;
    return internal_cut(&key, "era") && bytes_is(event, "hset");
}

static bool internal_is_event(const struct redis_config *config, const struct heard *heard)
{
    struct bytes database, key = heard->payload, event;
    if (bytes_begins(heard->channel, KEYEVENT))
        bytes_split(heard->channel, ':', &database, &event);
    else if (bytes_begins(heard->channel, KEYSPACE) && bytes_split(heard->channel, ':', &database, &key))
        event = heard->payload;
    else
        return false;
    return names_is_internal(config, key) || internal_is_others_key(key, event);
}

bool internal_is(const struct redis_config *config, const struct heard *heard)
{
    return names_is_internal(config, heard->channel) || internal_is_event(config, heard) ||
           internal_is_others(heard->channel, heard->payload);
}

/* --- globs -------------------------------------------------------------------------------------------------------- */

bool internal_may_be_events(const char *glob)
{
    size_t literal = strcspn(glob, "*?[\\");
    size_t len = literal < sizeof KEYSPACE - 1 ? literal : sizeof KEYSPACE - 1;
    return strncmp(glob, KEYSPACE, len) == 0 || strncmp(glob, KEYEVENT, len) == 0;
}

bool internal_may_be_others(const char *glob)
{
    return *glob == '*' || *glob == '?' || *glob == '[';
}
