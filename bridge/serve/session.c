/*
 * session.c - each call checks, notes the pending answer if there will be one, and calls the broker once.
 */
#include "session.h"

#include "access/rights.h"
#include "ask.h"
#include "base/log.h"
#include "broker/publish.h"
#include "http/connection.h"
#include "wire/sse.h"
#include "words/glob.h"

#define PENDING_MAX 256 /* answers that one session may wait for */

void session_init(struct session *session, struct sessions *all, const struct who *who, const struct session_ops *ops,
                  const struct connection *connection)
{
    *session = (struct session){.all = all, .ops = ops, .who = who, .connection = connection};
    LIST_INIT(&session->pendings);
}

void session_fini(struct session *session)
{
    while (!LIST_EMPTY(&session->pendings))
        session_settle(session, LIST_FIRST(&session->pendings));
    subscriber_free(session->subscriber);
    session->subscriber = NULL;
}

/* --- pending answers ---------------------------------------------------------------------------------------------- */

/* NULL: *refusal says why. */
static struct pending *session_note(struct session *session, enum pending_kind kind, struct bytes ref,
                                    struct bytes name, struct refusal *refusal)
{
    if (session->pending_count >= PENDING_MAX) {
        *refusal = refusal_of(PROBLEM_TOO_FAST);
        return NULL;
    }
    struct pending *pending = pending_new(&session->all->pendings, &session->pendings, session, kind, ref, name);
    if (!pending) {
        *refusal = refusal_of(PROBLEM_NO_MEMORY);
        return NULL;
    }
    session->pending_count++;
    session->publishing += kind == PENDING_PUBLISH;
    return pending;
}

struct pending *session_pending(struct session *session, uint64_t ticket)
{
    return ticket ? pending_find(&session->all->pendings, ticket) : NULL;
}

/* Its answer has come: it does not count towards PENDING_MAX any more. */
static void session_remove(struct session *session, struct pending *pending)
{
    session->pending_count--;
    session->publishing -= pending->kind == PENDING_PUBLISH;
    pending_remove(&session->all->pendings, pending);
}

void session_settle(struct session *session, struct pending *pending)
{
    if (!pending)
        return;
    session_remove(session, pending);
    pending_free(pending);
}

/* --- what is asked for -------------------------------------------------------------------------------------------- */

struct refusal session_read_channels(const struct sessions *all, const struct who *who, const struct request *request,
                                     struct ask *ask)
{
    struct refusal refusal = ask_channels(ask, request, all->default_channels, all->max_channels);
    return refusal.problem ? refusal : ask_check_rights(ask, all->access, who);
}

/* --- listening ---------------------------------------------------------------------------------------------------- */

struct refusal session_listen(struct session *session, const struct ask *ask, const struct sink_ops *ops, void *sink,
                              unsigned format)
{
    session->subscriber = subscriber_new(session->all->broker, ops, sink, format);
    if (!session->subscriber)
        return refusal_of(PROBLEM_NO_MEMORY);
    for (unsigned i = 0; i < ask->count; i++)
        if (subscriber_add(session->subscriber, ask->channels[i], &ask->start, 0) == ADD_NO_MEMORY)
            return refusal_of(PROBLEM_NO_MEMORY);
    return REFUSAL_NONE;
}

bool session_cursor(struct session *session, struct cursor *cursor)
{
    return session->subscriber && subscriber_cursor(session->subscriber, cursor);
}

static struct refusal session_refusal_of_add(enum add_result result, struct bytes channel)
{
    switch (result) {
    case ADD_OK:
        break;
    case ADD_ALREADY:
        return refusal_about(PROBLEM_ALREADY_SUBSCRIBED, "this connection is already subscribed to %s", channel);
    case ADD_NO_MEMORY:
        return refusal_of(PROBLEM_NO_MEMORY);
    }
    return REFUSAL_NONE;
}

struct refusal session_subscribe(struct session *session, struct bytes channel, const struct start *start,
                                 struct bytes ref)
{
    struct refusal refusal = rights_subscribe(session->all->access, session->who, channel);
    if (refusal.problem)
        return refusal;
    if (subscriber_feeds(session->subscriber) >= session->all->max_channels)
        return refusal_too_many_channels(session->all->max_channels);
    struct pending *pending = session_note(session, PENDING_SUBSCRIBE, ref, channel, &refusal);
    if (!pending)
        return refusal;
    refusal = session_refusal_of_add(subscriber_add(session->subscriber, channel, start, pending->ticket), channel);
    if (refusal.problem)
        session_settle(session, pending);
    return refusal;
}

/* A subscription that has not caught up yet has a pending answer. */
static void session_forget_subscription(struct session *session, struct bytes channel)
{
    struct pending *pending, *next;
    for (pending = LIST_FIRST(&session->pendings); pending; pending = next) {
        next = LIST_NEXT(pending, siblings);
        if (pending->kind == PENDING_SUBSCRIBE && bytes_equal(pending->name, channel))
            session_settle(session, pending);
    }
}

struct refusal session_unsubscribe(struct session *session, struct bytes channel)
{
    const char *error = channel_name_error(channel.data, channel.len);
    if (error)
        return refusal_because(PROBLEM_BAD_CHANNEL, error);
    if (!subscriber_remove(session->subscriber, channel))
        return refusal_about(PROBLEM_NOT_SUBSCRIBED, "this connection is not subscribed to %s", channel);
    session_forget_subscription(session, channel);
    return REFUSAL_NONE;
}

/* --- publishing --------------------------------------------------------------------------------------------------- */

bool session_event_is_good(struct bytes event)
{
    return event.len == 0 || (!wire_sse_is_reserved(event) && !channel_name_error(event.data, event.len));
}

struct refusal session_may_publish(const struct session *session, struct bytes channel)
{
    return rights_publish(session->all->access, session->who, channel);
}

static struct refusal session_check_message(const struct session *session, const struct message *message)
{
    struct refusal refusal = session_may_publish(session, message->channel);
    if (refusal.problem)
        return refusal;
    if (message->payload.len > session->all->max_payload)
        return refusal_too_large(session->all->max_payload);
    if (!session_event_is_good(message->event))
        return refusal_of(PROBLEM_BAD_EVENT);
    if (session->is_leaving)
        return refusal_because(PROBLEM_LEAVING, "this instance is shutting down; reconnect, then publish again");
    return REFUSAL_NONE;
}

static struct refusal session_refusal_of_answer(enum answer answer, const char *unavailable, const char *refused)
{
    switch (answer) {
    case ANSWER_OK:
        break;
    case ANSWER_UNAVAILABLE:
        return refusal_because(PROBLEM_UNAVAILABLE, unavailable);
    case ANSWER_REFUSED:
        return refusal_because(PROBLEM_UNAVAILABLE, refused);
    }
    return REFUSAL_NONE;
}

static void session_on_published(void *arg, uint64_t ticket, enum answer answer, struct position position)
{
    struct sessions *all = arg;
    struct pending *pending = pending_find(&all->pendings, ticket);
    if (!pending) {
        log_debug("answer_to_nobody", "ticket=%llu", (unsigned long long)ticket);
        return;
    }
    struct session *session = pending->session;
    session_remove(session, pending);
    struct refusal refusal =
        session_refusal_of_answer(answer, "Redis cannot be reached; the message may or may not have been recorded",
                                  "Redis refused to record the message; the server's log has its answer");
    session->ops->on_published(session, pending->ref, refusal, position);
    pending_free(pending);
}

struct refusal session_publish(struct session *session, const struct message *message, struct bytes ref)
{
    struct refusal refusal = session_check_message(session, message);
    if (refusal.problem)
        return refusal;
    struct pending *pending = session_note(session, PENDING_PUBLISH, ref, BYTES(""), &refusal);
    if (!pending)
        return refusal;
    if (session->subscriber)
        subscriber_expect(session->subscriber);
    broker_publish(session->all->broker, message, session_on_published, session->all, pending->ticket);
    return REFUSAL_NONE;
}

/* --- history ------------------------------------------------------------------------------------------------------ */

static void session_on_history(void *arg, uint64_t ticket, enum answer answer, const struct history *history)
{
    struct sessions *all = arg;
    struct pending *pending = pending_find(&all->pendings, ticket);
    if (!pending)
        return; /* the browser has disconnected */
    struct session *session = pending->session;
    session_settle(session, pending);
    struct refusal refusal =
        session_refusal_of_answer(answer, problem_of(PROBLEM_UNAVAILABLE)->sentence,
                                  "Redis refused to read the history; the server's log has its answer");
    session->ops->on_history(session, refusal, history);
}

struct refusal session_history(struct session *session, const struct ask *ask, unsigned limit)
{
    struct refusal refusal;
    struct pending *pending = session_note(session, PENDING_HISTORY, BYTES(""), BYTES(""), &refusal);
    if (!pending)
        return refusal;
    broker_history(session->all->broker, ask->channels, ask->count, &ask->start, limit, session_on_history,
                   session->all, pending->ticket);
    return REFUSAL_NONE;
}
