/*
 * eventlib.h - libwebsockets on our loop.
 *
 * Story     lws brings its own poll loop, but asks an "event library" for everything that it needs of one: watch this
 *           descriptor for reading, no longer for writing, forget it. We are that library, on the libevent base of our
 *           loop. lws's timers have no descriptor: eventlib_settle() runs those that are due and keeps one timer of the
 *           loop for the next.
 * Owns      the events of lws's descriptors.    Borrows  the loop.
 * Lives     from before lws_create_context() until after lws_context_destroy(). The loop must not turn after that.
 */
#ifndef HTTP_EVENTLIB_H
#define HTTP_EVENTLIB_H

#include "base/check.h"

#include <libwebsockets.h>
#include <stdbool.h>

struct eventlib;
struct loop;

/* lws begins to wait for a socket to become writable, or ends it. */
typedef void (*eventlib_wait_fn)(struct lws *wsi, bool is_waiting);
/* A descriptor made the loop spin, and is not read from any more. wsi: NULL where it is no socket of lws's. */
typedef void (*eventlib_mute_fn)(struct lws *wsi, int fd);

/* NULL: no memory. */
MUST_CHECK struct eventlib *eventlib_new(struct loop *loop, eventlib_wait_fn on_wait, eventlib_mute_fn on_mute);
void eventlib_free(struct eventlib *lib);

/* For lws_context_creation_info: event_lib_custom. Its foreign_loops[0] is the struct eventlib. */
extern const lws_plugin_evlib_t eventlib_plugin;

/* Descriptors that lws has. */
unsigned eventlib_count(const struct eventlib *lib);
/* Connections on which nothing has come yet. */
unsigned eventlib_silent(const struct eventlib *lib);

/* Does lws wait for this socket to become writable? Where it holds something back for it, it does. */
bool eventlib_is_waiting(struct eventlib *lib, struct lws *wsi);

/* Run lws's due timers, and serve what lws holds back in its own buffers. Once per turn of the loop. */
void eventlib_settle(struct eventlib *lib);

/* lws_context_destroy() comes next: no event shall reach the context any more. */
void eventlib_detach(struct eventlib *lib);

#endif
