/*
 * rights.c - is the name valid, is it reserved for the bridge, is it open to this client, is it served at all?
 */
#include "access/rights.h"

#include "words/glob.h"

static struct refusal rights_check_name(const struct access *access, struct bytes name)
{
    const char *error = channel_name_error(name.data, name.len);
    if (error)
        return refusal_because(PROBLEM_BAD_CHANNEL, error);
    if (access->internal_prefix[0] != '\0' && bytes_begins(name, access->internal_prefix))
        return refusal_about(PROBLEM_FORBIDDEN, "channel %s is reserved for the bridge itself (BRIDGE_PREFIX)", name);
    return REFUSAL_NONE;
}

static unsigned rights_count_stars(struct bytes name)
{
    unsigned stars = 0;
    for (size_t i = 0; i < name.len; i++)
        stars += name.data[i] == '*';
    return stars;
}

/* BRIDGE_CHANNELS limits every client, whatever its rights. */
static struct refusal rights_check_served(const struct access *access, struct bytes name)
{
    if (access->channels->count == 0 || glob_list_contains(access->channels, name.data, name.len))
        return REFUSAL_NONE;
    return refusal_about(PROBLEM_FORBIDDEN, "channel %s is not served here (BRIDGE_CHANNELS)", name);
}

struct refusal rights_subscribe(const struct access *access, const struct who *who, struct bytes name)
{
    struct refusal refusal = rights_check_name(access, name);
    if (refusal.problem)
        return refusal;
    if (rights_count_stars(name) > GLOB_STARS_MAX)
        return refusal_limit(PROBLEM_BAD_CHANNEL, "a pattern may contain at most %u stars", GLOB_STARS_MAX);
    if (!glob_list_contains(who->rights.subscribe, name.data, name.len))
        return refusal_about(PROBLEM_FORBIDDEN, "channel %s is not open for listening (BRIDGE_SUBSCRIBE)", name);
    return rights_check_served(access, name);
}

struct refusal rights_publish(const struct access *access, const struct who *who, struct bytes name)
{
    struct refusal refusal = rights_check_name(access, name);
    if (refusal.problem)
        return refusal;
    if (glob_is_pattern(name.data, name.len))
        return refusal_about(PROBLEM_BAD_CHANNEL, "publishing needs the name of one channel; %s is a pattern", name);
    if (glob_list_match(who->rights.publish, name.data, name.len) < 0)
        return refusal_about(PROBLEM_FORBIDDEN, "channel %s is not open for publishing (BRIDGE_PUBLISH)", name);
    return rights_check_served(access, name);
}
