/*
 * source.c - sources in a hash table by name, each with a list of clients.
 */
#include "source.h"

#include "redis/listener.h"
#include "redis/names.h"
#include "words/glob.h"

#include <stdlib.h>
#include <string.h>

static struct bytes source_name(const struct source *source)
{
    return (struct bytes){source->name, source->name_len};
}

/* Subscribe or unsubscribe (`verb`), under the name that Redis knows. */
static void source_say(struct source *source, void (*verb)(struct listener *, bool, struct bytes))
{
    struct sources *all = source->all;
    struct bytes name = source_name(source);
    char live[NAMES_LIVE_MAX];
    verb(all->listener, source->is_pattern, source->is_plain ? name : names_live(all->redis, name, live));
}

struct source *source_find(const struct sources *sources, struct bytes name)
{
    struct source *source;
    HASH_FIND(by_name, sources->by_name, name.data, name.len, source);
    return source;
}

static struct source *source_new(struct sources *sources, struct bytes name, bool is_plain)
{
    struct source *source = calloc(1, sizeof *source + name.len + 1);
    if (!source)
        return NULL;
    source->all = sources;
    source->is_plain = is_plain;
    source->is_pattern = glob_is_pattern(name.data, name.len);
    source->name_len = name.len;
    memcpy(source->name, name.data, name.len);
    TAILQ_INIT(&source->clients);
    HASH_ADD(by_name, sources->by_name, name, name.len, source);
    return source;
}

static void source_free(struct source *source)
{
    HASH_DELETE(by_name, source->all->by_name, source);
    free(source);
}

static void source_subscribe(struct source *source)
{
    struct source_client *client;
    source->state = SOURCE_JOINING;
    source_say(source, listener_subscribe);
    TAILQ_FOREACH (client, &source->clients, in_source)
        client->ops->joining(client);
}

bool source_join(struct sources *sources, struct bytes name, bool is_plain, struct source_client *client,
                 const struct source_ops *ops)
{
    struct source *source = source_find(sources, name);
    if (!source)
        source = source_new(sources, name, is_plain);
    if (!source)
        return false;
    client->source = source;
    client->ops = ops;
    TAILQ_INSERT_TAIL(&source->clients, client, in_source);
    if (source->state == SOURCE_AWAY && listener_is_up(sources->listener))
        source_subscribe(source);
    else if (source->state != SOURCE_AWAY)
        ops->joining(client);
    if (source->state == SOURCE_HEARD)
        ops->confirmed(client);
    return true;
}

static void source_end(struct source *source)
{
    if (source->state == SOURCE_JOINING)
        return;
    if (source->state == SOURCE_HEARD)
        source_say(source, listener_unsubscribe);
    source_free(source);
}

void source_leave(struct source_client *client)
{
    struct source *source = client->source;
    TAILQ_REMOVE(&source->clients, client, in_source);
    client->source = NULL;
    if (TAILQ_EMPTY(&source->clients))
        source_end(source);
}

void source_hear(struct source *source, struct entry *entry)
{
    struct source_client *client;
    TAILQ_FOREACH (client, &source->clients, in_source)
        client->ops->heard(client, entry);
}

void source_confirm(struct sources *sources, struct bytes subscription)
{
    struct bytes name;
    struct source *source =
        source_find(sources, names_live_of(sources->redis, subscription, &name) ? name : subscription);
    struct source_client *client;
    if (!source || source->state != SOURCE_JOINING)
        return;
    source->state = SOURCE_HEARD;
    if (TAILQ_EMPTY(&source->clients)) {
        source_end(source);
        return;
    }
    TAILQ_FOREACH (client, &source->clients, in_source)
        client->ops->confirmed(client);
}

void sources_up(struct sources *sources)
{
    struct source *source, *next;
    HASH_ITER (by_name, sources->by_name, source, next)
        source_subscribe(source);
}

static void source_down(struct source *source)
{
    struct source_client *client;
    source->state = SOURCE_AWAY;
    if (TAILQ_EMPTY(&source->clients)) {
        source_free(source);
        return;
    }
    TAILQ_FOREACH (client, &source->clients, in_source)
        client->ops->away(client);
}

void sources_down(struct sources *sources)
{
    struct source *source, *next;
    HASH_ITER (by_name, sources->by_name, source, next)
        source_down(source);
}

void sources_fini(struct sources *sources)
{
    struct source *source, *next;
    HASH_ITER (by_name, sources->by_name, source, next)
        source_free(source);
}
