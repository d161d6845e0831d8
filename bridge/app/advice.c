/*
 * advice.c - one function for each kind of mistake.
 */
#include "advice.h"

#include "config.h"
#include "serve/config.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 1024

extern char **environ;

static void advice_on_unknown_names(void)
{
    for (char **at = environ; at && *at; at++) { /* NULL: started without an environment */
        char name[SETTING_FLAG_MAX];
        size_t len = strcspn(*at, "=");
        if (strncmp(*at, "BRIDGE_", 7) != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)len, *at);
        if (!setting_find(name))
            log_warn("setting_unknown", "name=\"%s\" hint=\"no such setting; redis-bridge --help lists all of them\"",
                     LOG_TEXT(*at, len));
    }
}

static bool advice_is_empty(const char *name)
{
    const char *text = name ? getenv(name) : NULL;
    return text && *text == '\0';
}

/* Some platforms leave a variable empty if it refers to another service that does not exist. */
static void advice_on_empty_values(void)
{
    char names[NAMES_MAX] = "";
    size_t len = 0;
    for (unsigned i = 0; i < setting_count; i++) {
        const char *pair[] = {settings[i].name, settings[i].fallback_name};
        for (unsigned k = 0; k < 2 && !setting_may_be_empty(&settings[i]); k++)
            if (advice_is_empty(pair[k]) && len < sizeof names)
                len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", len > 0 ? "," : "", pair[k]);
    }
    if (len > 0)
        log_warn("settings_empty",
                 "names=\"%s\" hint=\"an empty variable counts as not set; give it a value or remove it\"", names);
}

static void advice_on_nothing_open(const struct config *config)
{
    if (config->subscribe.count == 0)
        log_warn(
            "nothing_to_subscribe",
            "hint=\"BRIDGE_SUBSCRIBE is empty: browsers may listen to no channel; name channels or patterns in it\"");
    else if (config->channels.count == 0)
        log_warn(
            "nothing_recorded",
            "hint=\"BRIDGE_CHANNELS is empty: plain PUBLISH reaches no browser and the inbox is not read; remove the "
            "variable to serve what BRIDGE_SUBSCRIBE names\"");
}

/* A pattern of `inner` that reaches outside `outer` works only in part. */
static void advice_on_outside(const char *event, const struct glob_list *inner, const struct glob_list *outer,
                              const char *hint)
{
    for (unsigned i = 0; i < inner->count; i++)
        if (!glob_list_contains(outer, inner->globs[i], strlen(inner->globs[i])))
            log_warn(event, "pattern=\"%s\" hint=\"%s\"", LOG_TEXT(inner->globs[i], strlen(inner->globs[i])), hint);
}

static void advice_on_lists(const struct config *config)
{
    unsigned most =
        config->max_channels < SERVER_ASK_CHANNELS_MAX ? (unsigned)config->max_channels : SERVER_ASK_CHANNELS_MAX;
    if (config->channels.count > 0) {
        advice_on_outside(
            "subscribe_not_served", &config->subscribe, &config->channels,
            "browsers may not listen there, because BRIDGE_CHANNELS does not include all of it; set it to "
            "everything that is served");
        advice_on_outside(
            "publish_not_served", &config->publish, &config->channels,
            "browsers may not publish there, because BRIDGE_CHANNELS (by default: BRIDGE_SUBSCRIBE) does not "
            "include all of it; set it to everything that is served");
    }
    advice_on_outside("default_channel_closed", &config->default_channels, &config->subscribe,
                      "BRIDGE_SUBSCRIBE does not include all of it: browsers may not listen there; add it to "
                      "BRIDGE_SUBSCRIBE");
    if (config->default_channels.count > most)
        log_warn(
            "default_channels_many",
            "names=%u max=%u hint=\"requests that name no channel are refused; raise BRIDGE_MAX_CHANNELS or shorten "
            "BRIDGE_DEFAULT_CHANNELS\"",
            config->default_channels.count, most);
}

void advice_log(const struct config *config)
{
    advice_on_unknown_names();
    advice_on_empty_values();
    advice_on_nothing_open(config);
    advice_on_lists(config);
}
