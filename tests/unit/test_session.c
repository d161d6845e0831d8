/*
 * The same rights and limits apply to every kind of connection, each request is answered once, and a session that has
 * ended gets no more answers. The broker is a stub in this file.
 */
#include "session.h"

#include "ask.h"
#include "broker/publish.h"
#include "cmocka_all.h"
#include "http/connection.h"
#include "words/glob.h"

#include <stdlib.h>
#include <string.h>

/* --- the broker --------------------------------------------------------------------------------------------------- */

#define FEEDS_MAX 16

struct subscriber {
    unsigned count;
    char names[FEEDS_MAX][CHANNEL_LEN_MAX + 1];
    uint64_t tags[FEEDS_MAX];
};

static bool broker_has_memory = true;
static unsigned subscribers;

struct subscriber *subscriber_new(struct broker *broker, const struct sink_ops *ops, void *sink, unsigned format)
{
    (void)broker, (void)ops, (void)sink, (void)format;
    struct subscriber *s = broker_has_memory ? calloc(1, sizeof *s) : NULL;
    subscribers += s != NULL;
    return s;
}

void subscriber_free(struct subscriber *s)
{
    subscribers -= s != NULL;
    free(s);
}

static unsigned subscriber_find(const struct subscriber *s, struct bytes name)
{
    unsigned i = 0;
    while (i < s->count && !bytes_is(name, s->names[i]))
        i++;
    return i;
}

enum add_result subscriber_add(struct subscriber *s, struct bytes name, const struct start *start, uint64_t tag)
{
    (void)start;
    if (!broker_has_memory)
        return ADD_NO_MEMORY;
    if (subscriber_find(s, name) < s->count)
        return ADD_ALREADY;
    memcpy(s->names[s->count], name.data, name.len);
    s->names[s->count][name.len] = '\0';
    s->tags[s->count++] = tag;
    return ADD_OK;
}

bool subscriber_remove(struct subscriber *s, struct bytes name)
{
    unsigned i = subscriber_find(s, name);
    if (i == s->count)
        return false;
    s->count--;
    memmove(s->names[i], s->names[i + 1], (s->count - i) * sizeof s->names[i]);
    memmove(&s->tags[i], &s->tags[i + 1], (s->count - i) * sizeof s->tags[i]);
    return true;
}

unsigned subscriber_feeds(const struct subscriber *s)
{
    return s->count;
}

void subscriber_expect(struct subscriber *s)
{
    (void)s;
}

bool subscriber_cursor(struct subscriber *s, struct cursor *out)
{
    cursor_init(out, (struct position){7, s->count});
    return true;
}

/* The last request to the broker. */
static struct {
    publish_fn publish;
    history_fn history;
    void *arg;
    uint64_t ticket;
    unsigned limit;
    unsigned asked;
} asked;

void broker_publish(struct broker *broker, const struct message *message, publish_fn fn, void *arg, uint64_t ticket)
{
    (void)broker, (void)message;
    asked.publish = fn;
    asked.arg = arg;
    asked.ticket = ticket;
    asked.asked++;
}

void broker_history(struct broker *broker, const struct bytes *names, unsigned count, const struct start *start,
                    unsigned limit, history_fn fn, void *arg, uint64_t ticket)
{
    (void)broker, (void)names, (void)count, (void)start;
    asked.history = fn;
    asked.arg = arg;
    asked.ticket = ticket;
    asked.limit = limit;
    asked.asked++;
}

/* --- a session ---------------------------------------------------------------------------------------------------- */

static struct glob_list open_list, no_list;
static struct access access;
static struct sessions all;
static struct session session;
static struct connection connection;

/* What the session has reported. */
static struct {
    unsigned published, histories;
    char ref[64];
    struct refusal refusal;
    struct position position;
    const struct history *history;
} told;

static void on_published(struct session *s, struct bytes ref, struct refusal refusal, struct position position)
{
    assert_ptr_equal(s, &session);
    assert_int_equal(s->publishing, s->pending_count);
    assert_true(ref.len < sizeof told.ref);
    memcpy(told.ref, ref.data, ref.len);
    told.ref[ref.len] = '\0';
    told.refusal = refusal;
    told.position = position;
    told.published++;
}

static void on_history(struct session *s, struct refusal refusal, const struct history *history)
{
    assert_ptr_equal(s, &session);
    told.refusal = refusal;
    told.history = history;
    told.histories++;
}

static const struct session_ops ops = {.on_published = on_published, .on_history = on_history};
static const struct bytes nothing = {"", 0};

static struct ask asks_for(const char *first, const char *second)
{
    struct ask ask = {.start = {.kind = START_NOW}};
    if (first)
        ask.channels[ask.count++] = bytes_of(first);
    if (second)
        ask.channels[ask.count++] = bytes_of(second);
    return ask;
}

static void listen_to(const char *first, const char *second)
{
    struct ask ask = asks_for(first, second);
    assert_null(session_listen(&session, &ask, NULL, NULL, 0).problem);
}

static const char *code_of(struct refusal refusal)
{
    return refusal.problem ? refusal.problem->code : "yes";
}

static const char *subscribes(const char *channel, const char *ref)
{
    struct start start = {.kind = START_NOW};
    return code_of(session_subscribe(&session, bytes_of(channel), &start, bytes_of(ref)));
}

static const char *publishes(const char *channel, const char *payload, const char *event)
{
    struct message message = {.channel = bytes_of(channel),
                              .payload = bytes_of(payload),
                              .event = bytes_of(event),
                              .from = nothing,
                              .key = nothing};
    return code_of(session_publish(&session, &message, bytes_of("\"r\"")));
}

static int set_up(void **state)
{
    (void)state;
    if (!glob_list_parse(&open_list, "public:*") || !glob_list_parse(&no_list, ""))
        return -1;
    access = (struct access){.anonymous = {.name = "", .rights = {&open_list, &open_list}},
                             .internal_prefix = "bridge:",
                             .channels = &no_list,
                             .origins = &no_list};
    all = (struct sessions){.access = &access, .max_channels = 3, .max_payload = 8};
    session_init(&session, &all, &access.anonymous, &ops, &connection);
    memset(&told, 0, sizeof told);
    memset(&asked, 0, sizeof asked);
    broker_has_memory = true;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    session_fini(&session);
    glob_list_fini(&open_list);
    glob_list_fini(&no_list);
    return subscribers == 0 && !all.pendings.by_ticket ? 0 : -1;
}

/* --- listening ---------------------------------------------------------------------------------------------------- */

static void it_listens_to_all_that_was_asked_for(void **state)
{
    struct cursor cursor;
    (void)state;
    assert_false(session_cursor(&session, &cursor));
    listen_to("public:a", "public:b");
    assert_int_equal(subscriber_feeds(session.subscriber), 2);
    assert_true(session_cursor(&session, &cursor));
}

static void without_memory_it_is_told(void **state)
{
    struct ask ask = asks_for("public:a", NULL);
    (void)state;
    broker_has_memory = false;
    assert_ptr_equal(session_listen(&session, &ask, NULL, NULL, 0).problem, problem_of(PROBLEM_NO_MEMORY));
    broker_has_memory = true;
    listen_to(NULL, NULL);
    broker_has_memory = false;
    assert_string_equal(subscribes("public:a", "1"), "unavailable");
    assert_int_equal(session.pending_count, 0);
}

static void a_subscription_is_held_to_rights_and_limits(void **state)
{
    (void)state;
    listen_to("public:a", "public:b");
    assert_string_equal(subscribes("secret", "1"), "forbidden");
    assert_string_equal(subscribes("", "1"), "bad_channel");
    assert_string_equal(subscribes("bridge:control", "1"), "forbidden");
    assert_string_equal(subscribes("public:a", "1"), "already_subscribed");
    assert_int_equal(session.pending_count, 0);
    assert_string_equal(subscribes("public:c", "1"), "yes");
    assert_string_equal(subscribes("public:d", "1"), "too_many_channels");
    assert_int_equal(session.pending_count, 1);
}

static void its_ref_is_there_when_it_is_caught_up(void **state)
{
    (void)state;
    listen_to(NULL, NULL);
    assert_string_equal(subscribes("public:a", "\"my ref\""), "yes");
    struct pending *pending = session_pending(&session, session.subscriber->tags[0]);
    assert_non_null(pending);
    assert_true(bytes_is(pending->ref, "\"my ref\""));
    session_settle(&session, pending);
    assert_null(session_pending(&session, session.subscriber->tags[0]));
    assert_int_equal(session.pending_count, 0);
    assert_null(session_pending(&session, 0)); /* tag 0: the channels that the session began with */
    session_settle(&session, NULL);
}

static void who_unsubscribes_hears_no_more_of_it(void **state)
{
    (void)state;
    listen_to("public:a", NULL);
    assert_string_equal(subscribes("public:b", "1"), "yes");
    assert_string_equal(publishes("public:b", "x", ""), "yes");
    uint64_t tag = session.subscriber->tags[1];
    assert_null(session_unsubscribe(&session, bytes_of("public:b")).problem);
    assert_null(session_pending(&session, tag));
    assert_int_equal(session.pending_count, 1); /* the publish */
    assert_string_equal(code_of(session_unsubscribe(&session, bytes_of("public:b"))), "not_subscribed");
    assert_string_equal(code_of(session_unsubscribe(&session, bytes_of("a\nb"))), "bad_channel");
    asked.publish(asked.arg, asked.ticket, ANSWER_OK, (struct position){5, 5});
    assert_int_equal(told.published, 1);
}

/* --- publishing --------------------------------------------------------------------------------------------------- */

static void a_publish_is_held_to_rights_and_limits(void **state)
{
    (void)state;
    assert_string_equal(publishes("secret", "x", ""), "forbidden");
    assert_string_equal(publishes("public:*", "x", ""), "bad_channel");
    assert_string_equal(publishes("public:a", "123456789", ""), "too_large");
    assert_string_equal(publishes("public:a", "x", "gap"), "bad_frame");
    assert_string_equal(publishes("public:a", "x", "a\nb"), "bad_frame");
    assert_int_equal(asked.asked, 0);
    assert_string_equal(publishes("public:a", "12345678", "gaps"), "yes");
    assert_int_equal(asked.asked, 1);
    assert_int_equal(session.publishing, 1);
    asked.publish(asked.arg, asked.ticket, ANSWER_OK, POSITION_BEGIN);
}

static void its_answer_comes_once_with_the_ref(void **state)
{
    (void)state;
    assert_string_equal(publishes("public:a", "x", ""), "yes");
    asked.publish(asked.arg, asked.ticket, ANSWER_OK, (struct position){5, 5});
    assert_int_equal(told.published, 1);
    assert_null(told.refusal.problem);
    assert_string_equal(told.ref, "\"r\"");
    assert_int_equal(position_compare(told.position, (struct position){5, 5}), 0);
    asked.publish(asked.arg, asked.ticket, ANSWER_OK, (struct position){5, 5});
    assert_int_equal(told.published, 1);
    assert_int_equal(session.publishing, 0);
}

static void what_went_wrong_is_said(void **state)
{
    (void)state;
    assert_string_equal(publishes("public:a", "x", ""), "yes");
    asked.publish(asked.arg, asked.ticket, ANSWER_UNAVAILABLE, POSITION_BEGIN);
    assert_string_equal(code_of(told.refusal), "unavailable");
    assert_string_equal(told.refusal.text, "Redis cannot be reached; the message may or may not have been recorded");
    assert_string_equal(publishes("public:a", "x", ""), "yes");
    asked.publish(asked.arg, asked.ticket, ANSWER_REFUSED, POSITION_BEGIN);
    assert_string_equal(told.refusal.text, "Redis refused to record the message; the server's log has its answer");
    assert_int_equal(told.published, 2);
}

static void who_left_is_not_told(void **state)
{
    (void)state;
    assert_string_equal(publishes("public:a", "x", ""), "yes");
    session_fini(&session);
    asked.publish(asked.arg, asked.ticket, ANSWER_OK, (struct position){5, 5});
    assert_int_equal(told.published, 0);
}

/* It still waits for its last answers, and starts nothing new. */
static void who_is_leaving_publishes_nothing_more(void **state)
{
    (void)state;
    assert_string_equal(publishes("public:a", "x", ""), "yes");
    session.is_leaving = true;
    assert_string_equal(publishes("public:a", "x", ""), "unavailable");
    assert_string_equal(publishes("secret", "x", ""), "forbidden");
    asked.publish(asked.arg, asked.ticket, ANSWER_OK, (struct position){5, 5});
    assert_int_equal(told.published, 1);
}

static void nobody_waits_for_more_than_256_answers(void **state)
{
    (void)state;
    listen_to(NULL, NULL);
    for (unsigned i = 0; i < 256; i++)
        assert_string_equal(publishes("public:a", "x", ""), "yes");
    assert_string_equal(publishes("public:a", "x", ""), "too_fast");
    assert_string_equal(subscribes("public:a", "1"), "too_fast");
    asked.publish(asked.arg, asked.ticket, ANSWER_OK, (struct position){5, 5});
    assert_string_equal(publishes("public:a", "x", ""), "yes");
}

/* --- history ------------------------------------------------------------------------------------------------------ */

static void history_comes_once(void **state)
{
    const struct history history = {.count = 0};
    struct ask ask = asks_for("public:a", NULL);
    (void)state;
    assert_null(session_history(&session, &ask, 10).problem);
    assert_int_equal(asked.limit, 10);
    asked.history(asked.arg, asked.ticket, ANSWER_OK, &history);
    assert_ptr_equal(told.history, &history);
    asked.history(asked.arg, asked.ticket, ANSWER_OK, &history);
    assert_int_equal(told.histories, 1);
    assert_null(session_history(&session, &ask, 10).problem);
    asked.history(asked.arg, asked.ticket, ANSWER_UNAVAILABLE, NULL);
    assert_string_equal(code_of(told.refusal), "unavailable");
    assert_null(told.history);
    assert_null(session_history(&session, &ask, 10).problem);
    session_fini(&session);
    asked.history(asked.arg, asked.ticket, ANSWER_OK, &history);
    assert_int_equal(told.histories, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_listens_to_all_that_was_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_memory_it_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_subscription_is_held_to_rights_and_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(its_ref_is_there_when_it_is_caught_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_unsubscribes_hears_no_more_of_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_publish_is_held_to_rights_and_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(its_answer_comes_once_with_the_ref, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_went_wrong_is_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_left_is_not_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_leaving_publishes_nothing_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_waits_for_more_than_256_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(history_comes_once, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
