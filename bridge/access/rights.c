/*
 * rights.c - first is it a name at all, then is it ours, then is it served, then is it open to whoever asks.
 */
#include "access/rights.h"

#include "words/glob.h"

static struct refusal rights_check_name(const struct access *access, struct bytes name)
{
    const char *error = channel_name_error(name.data, name.len);
    if (error)
        return refusal_because(PROBLEM_BAD_CHANNEL, error);
    if (access->internal_prefix[0] != '\0' && bytes_begins(name, access->internal_prefix))
        return refusal_because(PROBLEM_FORBIDDEN, "this name belongs to the bridge itself");
    return REFUSAL_NONE;
}

static unsigned rights_count_stars(struct bytes name)
{
    unsigned stars = 0;
    for (size_t i = 0; i < name.len; i++)
        stars += name.data[i] == '*';
    return stars;
}

/* Within the channels that this server is for, whoever asks. */
static bool rights_is_served(const struct access *access, struct bytes name)
{
    return access->channels->count == 0 || glob_list_contains(access->channels, name.data, name.len);
}

struct refusal rights_subscribe(const struct access *access, const struct who *who, struct bytes name)
{
    struct refusal refusal = rights_check_name(access, name);
    if (refusal.problem)
        return refusal;
    if (rights_count_stars(name) > GLOB_STARS_MAX)
        return refusal_because(PROBLEM_BAD_CHANNEL, "too many stars in a pattern");
    if (!rights_is_served(access, name) || !glob_list_contains(who->rights.subscribe, name.data, name.len))
        return refusal_because(PROBLEM_FORBIDDEN, "not open to you for listening");
    return REFUSAL_NONE;
}

struct refusal rights_publish(const struct access *access, const struct who *who, struct bytes name)
{
    struct refusal refusal = rights_check_name(access, name);
    if (refusal.problem)
        return refusal;
    if (glob_is_pattern(name.data, name.len))
        return refusal_because(PROBLEM_BAD_CHANNEL, "publishing needs one channel, not a pattern");
    if (!rights_is_served(access, name) || glob_list_match(who->rights.publish, name.data, name.len) < 0)
        return refusal_because(PROBLEM_FORBIDDEN, "not open to you for publishing");
    return REFUSAL_NONE;
}
