/*
 * internal.h - which messages are a bridge's own, whatever its prefix.
 *
 * Story     Several fleets can share one Redis, each with a prefix of its own, and pub/sub is global: a fleet that serves
 *           `*` receives what the others announce. To record that would be announced in turn, and so without end.
 * Promise   internal_is() depends on the message and the config only, so all nodes of a fleet agree about each message.
 *           It looks at the payload only if the channel's name could be a bridge's, or the other way round: it costs
 *           ordinary messages next to nothing.
 */
#ifndef REDIS_INTERNAL_H
#define REDIS_INTERNAL_H

#include <stdbool.h>

struct heard;
struct redis_config;

/*
 * Is this plain message internal to a bridge? With our own prefix all is; with another one, only what has the form of a
 * bridge's message exactly, as users may have channels with such names, too. A keyspace notification is internal if it
 * is about a key with our prefix, or about one of another fleet's that can be nothing else; lua/events.lua says what
 * becomes of the others. (Redis documentation, "Redis keyspace notifications": __keyspace@<db>__:<key>,
 * __keyevent@<db>__:<event>)
 */
bool internal_is(const struct redis_config *config, const struct heard *heard);

/* May a channel that this glob matches be that of a keyspace notification? */
bool internal_may_be_events(const char *glob);
/* May it be another fleet's? Not if the glob begins with a literal, unless that is how the other's prefix begins. */
bool internal_may_be_others(const char *glob);

#endif
