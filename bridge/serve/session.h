/*
 * session.h - one who asks, over whatever connection: what that one may, what it listens to, which answers it waits for.
 *
 * Story     An SSE stream, a WebSocket and a plain request each have one. What a client wants is one call here, and what
 *           is wrong with it comes back as a refusal; how either is said is the connection's business.
 *
 *           session_listen ──────► sink_ops.cursor …           session_publish ──► ops.on_published
 *           session_subscribe ───► sink_ops.subscribed         session_history ──► ops.on_history
 *
 * Promise   What comes later comes from the loop, and never after session_fini().
 * Owns      its subscriber, and its notes on what it waits for.    Borrows  `all`, who asks, and the connection.
 */
#ifndef SERVE_SESSION_H
#define SERVE_SESSION_H

#include "access/access.h"
#include "broker/history.h"
#include "broker/subscriber.h"
#include "pending.h"
#include "words/message.h"
#include "words/position.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ask;
struct broker;
struct connection;
struct glob_list;
struct request;
struct session;

/* What the sessions of a worker share. */
struct sessions {
    struct broker *broker;
    const struct access *access;
    const struct glob_list *default_channels; /* what a request that names none means */
    unsigned max_channels;                    /* that one session may listen to */
    size_t max_payload;                       /* bytes */
    struct pending_table pendings;
};

struct session_ops {
    /* What became of a publish. A position of 0-0: it is ephemeral, and not recorded. `ref` is borrowed. */
    void (*on_published)(struct session *session, struct bytes ref, struct refusal refusal, struct position position);
    /* What was asked for, borrowed during the call; NULL where it is refused. */
    void (*on_history)(struct session *session, struct refusal refusal, const struct history *history);
};

struct session {
    struct sessions *all;
    const struct session_ops *ops;
    const struct who *who;
    const struct connection *connection; /* that it is about; for the log */
    struct subscriber *subscriber;       /* NULL: it does not listen */
    struct pending_list pendings;        /* answers that it waits for */
    unsigned short pending_count;        /* how many these are */
    unsigned short publishing;           /* how many of these are about publishes */
    bool is_leaving;                     /* it may wait for answers, and publish nothing more */
};

void session_init(struct session *session, struct sessions *all, const struct who *who, const struct session_ops *ops,
                  const struct connection *connection);
/* Leave what it listens to, and forget what it waits for. Not from within a sink's callback. Again: nothing happens. */
void session_fini(struct session *session);

/* The channels that a request asks for, if that one may listen to them; maybe none. */
MUST_CHECK struct refusal session_read_channels(const struct sessions *all, const struct who *who,
                                                const struct request *request, struct ask *ask);

/* --- listening ---------------------------------------------------------------------------------------------------- */

/* Listen to all that is asked for, which is known to be allowed; maybe nothing yet. Once. */
MUST_CHECK struct refusal session_listen(struct session *session, const struct ask *ask, const struct sink_ops *ops,
                                         void *sink, unsigned format);

/* The cursor that may be told: everything up to here has been given. false: none is known (yet). */
bool session_cursor(struct session *session, struct cursor *cursor);

/* Listen to one more. sink_ops.subscribed tells the ticket of the note that keeps `ref` until then. */
MUST_CHECK struct refusal session_subscribe(struct session *session, struct bytes channel, const struct start *start,
                                            struct bytes ref);
MUST_CHECK struct refusal session_unsubscribe(struct session *session, struct bytes channel);

/* The note with this ticket; NULL where there is none. For sink_ops.subscribed. */
struct pending *session_pending(struct session *session, uint64_t ticket);
/* It has been answered. NULL is fine. */
void session_settle(struct session *session, struct pending *pending);

/* --- publishing, and reading once --------------------------------------------------------------------------------- */

/* A publisher's event name: absent, or like a channel's and none of our own. */
bool session_event_is_good(struct bytes event);

/* May it publish there? */
MUST_CHECK struct refusal session_may_publish(const struct session *session, struct bytes channel);
/* It is borrowed during the call. No problem: ops.on_published follows. */
MUST_CHECK struct refusal session_publish(struct session *session, const struct message *message, struct bytes ref);

/* Up to `limit` entries of what is asked for, which is known to be allowed. No problem: ops.on_history follows. */
MUST_CHECK struct refusal session_history(struct session *session, const struct ask *ask, unsigned limit);

#endif
