/*
 * admit.c - first is it a name at all, then is it ours, then is it allowed.
 */
#include "admit.h"

#include "request.h"
#include "serve/serve.h"

#include <string.h>

const struct identity identity_anonymous = {.name = ""};

static const struct refusal admit_granted = {NULL, NULL};

static struct refusal admit_bad(const char *message)
{
    return (struct refusal){"bad_channel", message};
}

static struct refusal admit_forbidden(const char *message)
{
    return (struct refusal){"forbidden", message};
}

static bool admit_has_prefix(struct bytes name, const char *prefix)
{
    size_t len = strlen(prefix);
    return len > 0 && name.len >= len && memcmp(name.data, prefix, len) == 0;
}

static unsigned admit_count_stars(struct bytes name)
{
    unsigned stars = 0;
    for (size_t i = 0; i < name.len; i++)
        stars += name.data[i] == '*';
    return stars;
}

static struct refusal admit_name(const struct transport_config *config, struct bytes name)
{
    const char *error = channel_name_error(name.data, name.len);
    if (error)
        return admit_bad(error);
    if (admit_has_prefix(name, config->internal_prefix))
        return admit_forbidden("this name belongs to the bridge itself");
    return admit_granted;
}

/* Within the channels that this server is for, whoever asks. */
static bool admit_is_served(const struct transport_config *config, struct bytes name)
{
    return config->channels->count == 0 || glob_list_contains(config->channels, name.data, name.len);
}

struct refusal admit_subscribe(const struct transport_config *config, const struct identity *who, struct bytes name)
{
    struct refusal refusal = admit_name(config, name);
    (void)who; /* tokens come later */
    if (refusal.code)
        return refusal;
    if (admit_count_stars(name) > GLOB_STARS_MAX)
        return admit_bad("too many stars in a pattern");
    if (!admit_is_served(config, name) || !glob_list_contains(config->subscribe, name.data, name.len))
        return admit_forbidden("not open to you for listening");
    return admit_granted;
}

struct refusal admit_publish(const struct transport_config *config, const struct identity *who, struct bytes name)
{
    struct refusal refusal = admit_name(config, name);
    (void)who;
    if (refusal.code)
        return refusal;
    if (glob_is_pattern(name.data, name.len))
        return admit_bad("publishing needs one channel, not a pattern");
    if (!admit_is_served(config, name) || glob_list_match(config->publish, name.data, name.len) < 0)
        return admit_forbidden("not open to you for publishing");
    return admit_granted;
}

/* false: more than there is room for */
static bool admit_channels_add(struct channel_list *list, struct bytes name)
{
    if (list->count == CHANNEL_LIST_MAX)
        return false;
    list->names[list->count++] = name;
    return true;
}

static bool admit_channels_collect(struct channel_list *list, const struct transport_config *config,
                                   const struct request *request)
{
    bool fits = true;
    list->count = 0;
    for (unsigned i = 0; i < request->arg_count; i++)
        if (bytes_is(request->args[i].name, "channel"))
            fits &= admit_channels_add(list, request->args[i].value);
    if (list->count > 0)
        return fits;
    for (unsigned i = 0; i < config->default_channels->count; i++) {
        const char *glob = config->default_channels->globs[i];
        fits &= admit_channels_add(list, (struct bytes){glob, strlen(glob)});
    }
    return fits;
}

struct refusal admit_channels(const struct transport_config *config, const struct identity *who,
                              const struct request *request, struct channel_list *list)
{
    if (!admit_channels_collect(list, config, request) || list->count > config->max_channels)
        return (struct refusal){"too_many_channels", "more channels than one connection may have"};
    for (unsigned i = 0; i < list->count; i++) {
        struct refusal refusal = admit_subscribe(config, who, list->names[i]);
        if (refusal.code)
            return refusal;
    }
    return admit_granted;
}

unsigned refusal_status(struct refusal refusal)
{
    return refusal.code && strcmp(refusal.code, "forbidden") == 0 ? 403 : 400;
}
