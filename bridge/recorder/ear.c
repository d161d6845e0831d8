/*
 * ear.c - echoes and copies don't count.
 *
 * A durable publish (lua/publish.lua) announces its entry on live as *echoed*, directly before it publishes the same
 * payload as a plain message, the echo, which is thus in the log already. If the publisher's ACL forbids PUBLISH there,
 * no echo follows; channel and length are compared so that the next message is not mistaken for it. That of a fleet in
 * another database is an echo, too: it is a message of that database only.
 *
 * Internal messages don't count, and neither do keyspace notifications about our keys: recording one would cause the
 * next, also if it is another fleet's (internal.h).
 *
 * If a message matches several of our patterns, Redis sends one copy for each. Only the copy for the first matching
 * pattern in the list counts.
 */
#include "ear.h"

#include "redis/internal.h"
#include "redis/listener.h"
#include "redis/live.h"

#include <string.h>

/* FNV-1a. */
static uint64_t ear_text_hash(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return hash;
}

/* Independent of the order of the list. */
static uint64_t ear_list_hash(const struct glob_list *list)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < list->count; i++)
        sum += ear_text_hash(list->globs[i]);
    return sum;
}

/*
 * The previous release counts notifications about our own keys, and what other fleets announce, so the two must not count
 * for one another where they could disagree: 1 if a glob may match a notification, 2 if it may match another fleet's
 * channel. A glob that begins with a literal could do the latter, too, but only for a fleet whose prefix begins with the
 * name of channels that this one serves (such as `public:bridge:`). For that, no other deployment should be kept from
 * standing by across an update: such a fleet's nodes notice that their ordinals drift, and join anew. (The previous
 * release doesn't know echoes of other databases either; while it runs, there are none: lua/space.lua.)
 */
static unsigned ear_hears_more(const struct ear *ear)
{
    unsigned more = 0;
    for (unsigned i = 0; i < ear->channels->count; i++) {
        const char *glob = ear->channels->globs[i];
        more |= (internal_may_be_events(glob) ? 1u : 0u) | (internal_may_be_others(glob) ? 2u : 0u);
    }
    return more;
}

uint64_t ear_filter_hash(const struct ear *ear)
{
    return ear_list_hash(ear->channels) * 3 + ear_list_hash(ear->ephemeral) + ear_hears_more(ear);
}

/* Will its plain message be heard, and count unless it is the echo? */
static bool ear_serves(const struct ear *ear, const struct entry_source *entry)
{
    const struct heard plain = {.channel = entry->channel, .payload = entry->payload};
    return glob_list_match(ear->channels, plain.channel.data, plain.channel.len) >= 0 &&
           !internal_is(ear->redis, &plain);
}

void ear_begin(struct ear *ear)
{
    ear->expects_echo = false;
}

void ear_hear_live(struct ear *ear, const struct announcement *announcement)
{
    struct bytes channel = announcement->source.channel;
    if (!announcement->is_echoed || channel.len > sizeof ear->echo_channel)
        return;
    ear->expects_echo = ear_serves(ear, &announcement->source);
    memcpy(ear->echo_channel, channel.data, channel.len);
    ear->echo_channel_len = channel.len;
    ear->echo_payload_len = announcement->source.payload.len;
}

static bool ear_takes_echo(struct ear *ear, const struct heard *heard)
{
    struct bytes channel = {ear->echo_channel, ear->echo_channel_len};
    bool is_echo =
        ear->expects_echo && heard->payload.len == ear->echo_payload_len && bytes_equal(heard->channel, channel);
    ear->expects_echo = false;
    return is_echo;
}

bool ear_counts(struct ear *ear, const struct heard *heard)
{
    int first = glob_list_match(ear->channels, heard->channel.data, heard->channel.len);
    if (first < 0 || internal_is(ear->redis, heard))
        return false;
    bool is_copy = !bytes_is(heard->pattern, ear->channels->globs[first]);
    return !is_copy && !ear_takes_echo(ear, heard) &&
           glob_list_match(ear->ephemeral, heard->channel.data, heard->channel.len) < 0;
}
