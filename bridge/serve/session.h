/*
 * session.h - one client, over any kind of connection: what it may do, what it listens to, which answers it waits for.
 *
 * Story     Each SSE stream, WebSocket and errand has one. Whatever the client wants is one call here; if something is
 *           wrong with it, the call returns a refusal. How results and refusals are sent is up to the connection.
 *
 *           session_listen ──────► sink_ops.cursor …           session_publish ──► ops.on_published
 *           session_subscribe ───► sink_ops.subscribed         session_history ──► ops.on_history
 *
 * Promise   Callbacks come from the loop, never from within a call below, and never after session_fini().
 * Owns      its subscriber and its pending answers.    Borrows  `all`, `who` and the connection.
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
    const struct glob_list *default_channels; /* of a request that names none */
    unsigned max_channels;                    /* that one session may listen to */
    size_t max_payload;                       /* bytes */
    struct pending_table pendings;
};

struct session_ops {
    /* The result of a publish. Position 0-0: the channel is ephemeral, nothing was recorded. `ref` is borrowed. */
    void (*on_published)(struct session *session, struct bytes ref, struct refusal refusal, struct position position);
    /* The entries that were asked for, borrowed during the call; NULL if refused. */
    void (*on_history)(struct session *session, struct refusal refusal, const struct history *history);
};

struct session {
    struct sessions *all;
    const struct session_ops *ops;
    const struct who *who;
    const struct connection *connection; /* whose id is logged */
    struct subscriber *subscriber;       /* NULL: it listens to nothing */
    struct pending_list pendings;        /* answers that it waits for */
    unsigned short pending_count;        /* how many there are */
    unsigned short publishing;           /* how many of them are for publishes */
    bool is_leaving;                     /* shutting down: it waits for answers, and may publish nothing more */
};

void session_init(struct session *session, struct sessions *all, const struct who *who, const struct session_ops *ops,
                  const struct connection *connection);
/* Stop listening, and forget all pending answers. Not from within a sink's callback. A second call does nothing. */
void session_fini(struct session *session);

/* Read the channels that a request asks for (perhaps none) into *ask. Refused unless `who` may listen to all. */
MUST_CHECK struct refusal session_read_channels(const struct sessions *all, const struct who *who,
                                                const struct request *request, struct ask *ask);

/* --- listening ---------------------------------------------------------------------------------------------------- */

/* Listen to all channels of `ask` (perhaps none yet), which session_read_channels() has allowed. Call it once. */
MUST_CHECK struct refusal session_listen(struct session *session, const struct ask *ask, const struct sink_ops *ops,
                                         void *sink, unsigned format);

/* The cursor to send to the client: everything up to it has been given. false: it is not known (yet). */
bool session_cursor(struct session *session, struct cursor *cursor);

/* Listen to one more channel or pattern. sink_ops.subscribed follows; its `tag` is the ticket of the pending answer,
 * which keeps `ref`. */
MUST_CHECK struct refusal session_subscribe(struct session *session, struct bytes channel, const struct start *start,
                                            struct bytes ref);
MUST_CHECK struct refusal session_unsubscribe(struct session *session, struct bytes channel);

/* The pending answer with this ticket; NULL if there is none. For sink_ops.subscribed. */
struct pending *session_pending(struct session *session, uint64_t ticket);
/* It has been answered: free it. NULL is fine. */
void session_settle(struct session *session, struct pending *pending);

/* --- publishing, history ------------------------------------------------------------------------------------------ */

/* May a publisher use this event name? It is empty, or valid as a channel name and not one of our own event names. */
bool session_event_is_good(struct bytes event);

/* May it publish there? */
MUST_CHECK struct refusal session_may_publish(const struct session *session, struct bytes channel);
/* Everything is borrowed during the call. Not refused: ops.on_published follows. */
MUST_CHECK struct refusal session_publish(struct session *session, const struct message *message, struct bytes ref);

/* Ask for up to `limit` entries of the channels of `ask`, which session_read_channels() has allowed. Not refused:
 * ops.on_history follows. */
MUST_CHECK struct refusal session_history(struct session *session, const struct ask *ask, unsigned limit);

#endif
