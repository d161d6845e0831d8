/*
 * eventlib.h - libwebsockets on our loop.
 *
 * Story     lws has its own poll loop, but can use an "event library" instead, which it calls with requests such as:
 *           watch this descriptor for reading, no longer for writing, forget it. This is such a library, on the
 *           libevent base of our loop. lws's timers have no descriptor: eventlib_settle() runs those that are due and
 *           keeps one timer of the loop for the next.
 * Owns      the events of lws's descriptors.    Borrows  the loop.
 * Lives     from before lws_create_context() until after lws_context_destroy(). The loop must not run after that.
 */
#ifndef HTTP_EVENTLIB_H
#define HTTP_EVENTLIB_H

#include "base/check.h"

#include <libwebsockets.h>
#include <stdbool.h>

struct eventlib;
struct loop;

/* lws starts or stops waiting for a socket to become writable. */
typedef void (*eventlib_wait_fn)(struct lws *wsi, bool is_waiting);
/* A descriptor made the loop spin and is no longer read from. wsi: NULL if it is no socket of lws. */
typedef void (*eventlib_mute_fn)(struct lws *wsi, int fd);

/* NULL: no memory. */
MUST_CHECK struct eventlib *eventlib_new(struct loop *loop, eventlib_wait_fn on_wait, eventlib_mute_fn on_mute);
void eventlib_free(struct eventlib *lib);

/* For lws_context_creation_info: event_lib_custom. Its foreign_loops[0] is the struct eventlib. */
extern const lws_plugin_evlib_t eventlib_plugin;

/* Descriptors that lws has. */
unsigned eventlib_count(const struct eventlib *lib);
/* Connections from which nothing has been received yet. */
unsigned eventlib_silent(const struct eventlib *lib);

/* Is lws waiting for this socket to become writable? It always is while it has buffered bytes for it. */
bool eventlib_is_waiting(struct eventlib *lib, struct lws *wsi);

/* Run lws's due timers, and process the input that lws has in its own buffers. Call it once per turn of the loop. */
void eventlib_settle(struct eventlib *lib);

/* Call it just before lws_context_destroy(): no event reaches the context any more. */
void eventlib_detach(struct eventlib *lib);

#endif
