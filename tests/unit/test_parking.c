/*
 * The access check may need an answer from elsewhere. Until it comes, the request is parked, for 2 s at most, whatever
 * it asks for; if its client disconnects, it is dropped. A native EventSource does not reconnect after an error status,
 * so if no answer comes, it gets a 200 response that ends. Here HTTP is real, the broker is a stub in this file, and
 * the access check answers as late as the test wants.
 */
#include "access/access.h"
#include "base/clock.h"
#include "base/loop.h"
#include "broker/history.h"
#include "broker/publish.h"
#include "broker/subscriber.h"
#include "cmocka_all.h"
#include "http/http.h"
#include "serve/server.h"
#include "words/glob.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEADLINE_MS 10000
#define LOOK_MS 2
#define PARKED_MAX 10

/* --- the broker --------------------------------------------------------------------------------------------------- */

struct subscriber {
    unsigned feeds;
};

static char published[64]; /* the last payload; "": none */
static unsigned histories;

struct subscriber *subscriber_new(struct broker *broker, const struct sink_ops *ops, void *sink, unsigned format)
{
    (void)broker, (void)ops, (void)sink, (void)format;
    return calloc(1, sizeof(struct subscriber));
}

enum add_result subscriber_add(struct subscriber *s, struct bytes name, const struct start *start, uint64_t tag)
{
    (void)name, (void)start, (void)tag;
    s->feeds++;
    return ADD_OK;
}

bool subscriber_remove(struct subscriber *s, struct bytes name)
{
    (void)s, (void)name;
    return true;
}

unsigned subscriber_feeds(const struct subscriber *s)
{
    return s->feeds;
}

void subscriber_writable(struct subscriber *s)
{
    (void)s;
}

void subscriber_expect(struct subscriber *s)
{
    (void)s;
}

bool subscriber_cursor(struct subscriber *s, struct cursor *out)
{
    (void)s, (void)out;
    return false;
}

void subscriber_free(struct subscriber *s)
{
    free(s);
}

void broker_publish(struct broker *broker, const struct message *message, publish_fn fn, void *arg, uint64_t ticket)
{
    (void)broker;
    assert_true(message->payload.len < sizeof published);
    memcpy(published, message->payload.data, message->payload.len);
    published[message->payload.len] = '\0';
    fn(arg, ticket, ANSWER_OK, (struct position){5, 6});
}

unsigned broker_publishing(const struct broker *broker)
{
    (void)broker;
    return 0;
}

void broker_history(struct broker *broker, const struct bytes *names, unsigned count, const struct start *start,
                    unsigned limit, history_fn fn, void *arg, uint64_t ticket)
{
    struct history history = {0};
    cursor_init(&history.cursor, (struct position){5, 6});
    (void)broker, (void)names, (void)count, (void)start, (void)limit;
    histories++;
    fn(arg, ticket, ANSWER_OK, &history);
}

/* --- the access check --------------------------------------------------------------------------------------------- */

#define ASKED_MAX 16

static struct access_asker asked[ASKED_MAX];
static unsigned asked_count;

static bool check_late(const struct access *access, const struct access_asker *asker, struct access_answer *answer)
{
    (void)access, (void)answer;
    assert_true(asked_count < ASKED_MAX);
    asked[asked_count++] = *asker;
    return false;
}

static const struct access_ops late_ops = {.check = check_late};

/* --- the server --------------------------------------------------------------------------------------------------- */

static struct glob_list open_list, no_list;
static struct access door;
static struct loop *loop;
static struct server *server;
static unsigned short port;
static bool is_drained;

static int listening_socket(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    http_prepare(fd);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(fd, 16), 0);
    port = ntohs(address.sin_port);
    return fd;
}

static int set_up(void **state)
{
    (void)state;
    if (!glob_list_parse(&open_list, "public:*") || !glob_list_parse(&no_list, ""))
        return -1;
    door = (struct access){.ops = &late_ops,
                           .anonymous = {.name = "", .rights = {&open_list, &open_list}},
                           .internal_prefix = "bridge:",
                           .channels = &no_list,
                           .origins = &no_list};
    loop = loop_new();
    const struct server_config config = {.listening = listening_socket(),
                                         .tls_cert = "",
                                         .tls_key = "",
                                         .access = &door,
                                         .default_channels = &no_list,
                                         .heartbeat_ms = 15000,
                                         .stall_ms = 60000,
                                         .max_payload = 32,
                                         .max_channels = 10,
                                         .max_connections = PARKED_MAX};
    server = server_new(loop, NULL, &config);
    published[0] = '\0';
    asked_count = histories = 0;
    is_drained = false;
    return server ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    server_free(server);
    loop_free(loop);
    glob_list_fini(&open_list);
    glob_list_fini(&no_list);
    return 0;
}

static struct server_status status_now(void)
{
    struct server_status status;
    server_status(server, &status);
    return status;
}

/* --- running the loop until a condition holds --------------------------------------------------------------------- */

static struct wait {
    bool (*is_true)(const void *arg);
    const void *arg;
    struct timer *timer;
    uint64_t until_ms;
    bool came_true;
} waiting;

static void on_look(void *arg)
{
    (void)arg;
    waiting.came_true = waiting.is_true(waiting.arg);
    if (waiting.came_true || clock_now_ms() > waiting.until_ms)
        loop_stop(loop);
    else
        timer_start(waiting.timer, LOOK_MS);
}

static void wait_until(bool (*is_true)(const void *arg), const void *arg, const char *what)
{
    waiting = (struct wait){.is_true = is_true, .arg = arg, .until_ms = clock_now_ms() + DEADLINE_MS};
    waiting.timer = timer_new(loop, on_look, NULL);
    timer_start(waiting.timer, 0);
    loop_run(loop);
    timer_free(waiting.timer);
    if (!waiting.came_true)
        fail_msg("in vain: %s", what);
}

#define WAIT(is_true, arg) wait_until(is_true, arg, #is_true)

static bool have_been_asked(const void *count)
{
    return asked_count == *(const unsigned *)count;
}

static bool are_parked(const void *count)
{
    return status_now().parked == *(const unsigned *)count;
}

static bool one_stream_is_open(const void *nothing)
{
    (void)nothing;
    return status_now().connections == 1;
}

static bool something_was_published(const void *nothing)
{
    (void)nothing;
    return published[0] != '\0';
}

static bool drain_is_over(const void *nothing)
{
    (void)nothing;
    return is_drained;
}

static void wait_for_checks(unsigned count)
{
    WAIT(have_been_asked, &count);
    WAIT(are_parked, &count);
}

/* --- a browser ---------------------------------------------------------------------------------------------------- */

struct client {
    int fd;
    char got[4096];
    size_t len;
    bool is_closed;
};

static void read_more(struct client *client)
{
    ssize_t len = recv(client->fd, client->got + client->len, sizeof client->got - 1 - client->len, MSG_DONTWAIT);
    if (len > 0)
        client->len += (size_t)len;
    client->is_closed |= len == 0 || (len < 0 && errno != EAGAIN);
    client->got[client->len] = '\0';
}

static bool has_been_answered(const void *arg)
{
    struct client *client = (struct client *)arg;
    read_more(client);
    return client->len > 0;
}

/* Has a close frame with this code arrived (RFC 6455, 5.5.1)? The server then waits for ours. */
static bool has_been_told_to_go(struct client *client, const char *code)
{
    read_more(client);
    const char *frame = memmem(client->got, client->len, "\x88", 1);
    return frame && memmem(frame, client->len - (size_t)(frame - client->got), code, 2);
}

static bool has_been_told_4403(const void *arg)
{
    return has_been_told_to_go((struct client *)arg, "\x11\x33");
}

static bool has_been_told_1013(const void *arg)
{
    return has_been_told_to_go((struct client *)arg, "\x03\xf5");
}

static bool has_been_told_1012(const void *arg)
{
    return has_been_told_to_go((struct client *)arg, "\x03\xf4");
}

static bool has_been_closed(const void *arg)
{
    struct client *client = (struct client *)arg;
    read_more(client);
    return client->is_closed;
}

static void say(struct client *client, const char *text)
{
    assert_int_equal(send(client->fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static struct client asks(const char *request)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct client client = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_int_equal(connect(client.fd, (struct sockaddr *)&address, sizeof address), 0);
    say(&client, request);
    return client;
}

static void assert_has(const struct client *client, const char *text)
{
    if (!memmem(client->got, client->len, text, strlen(text)))
        fail_msg("no \"%s\" in \"%s\"", text, client->got);
}

static void answer_yes(unsigned i)
{
    const struct access_answer answer = {.who = &door.anonymous};
    asked[i].fn(asked[i].arg, asked[i].ticket, &answer);
}

static void answer_no(unsigned i)
{
    const struct access_answer answer = {.refusal = refusal_because(PROBLEM_FORBIDDEN, "nobody knows you")};
    asked[i].fn(asked[i].arg, asked[i].ticket, &answer);
}

#define EVENTS "GET /events?channel=public:a HTTP/1.1\r\nHost: x\r\n\r\n"
#define HISTORY "GET /history?channel=public:a HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST "POST /publish?channel=public:a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
#define SOCKET                                                                                                         \
    "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"        \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: bridge.v1.json\r\n\r\n"

/* --- the client is let in ----------------------------------------------------------------------------------------- */

static void a_stream_begins_when_it_is_known_who_asks(void **state)
{
    (void)state;
    struct client client = asks(EVENTS);
    wait_for_checks(1);
    assert_int_equal(status_now().connections, 0);
    answer_yes(0);
    assert_int_equal(status_now().parked, 0);
    WAIT(has_been_answered, &client);
    assert_has(&client, "HTTP/1.1 200");
    assert_has(&client, "text/event-stream");
    WAIT(one_stream_is_open, NULL);
    answer_yes(0); /* a second answer is ignored */
    assert_int_equal(status_now().connections, 1);
    close(client.fd);
}

static void history_is_read_when_it_is_known_who_asks(void **state)
{
    (void)state;
    struct client client = asks(HISTORY);
    wait_for_checks(1);
    assert_int_equal(histories, 0);
    answer_yes(0);
    WAIT(has_been_answered, &client);
    assert_int_equal(histories, 1);
    assert_has(&client, "\"cursor\":\"5-6\"");
    close(client.fd);
}

static void a_body_may_come_before_it_is_known_or_after(void **state)
{
    (void)state;
    struct client early = asks(POST "early");
    wait_for_checks(1);
    assert_string_equal(published, "");
    answer_yes(0);
    WAIT(has_been_answered, &early);
    assert_has(&early, "{\"id\":\"5-6\"}");
    assert_string_equal(published, "early");
    published[0] = '\0';
    struct client late = asks(POST);
    const unsigned two = 2;
    WAIT(have_been_asked, &two);
    answer_yes(1);
    say(&late, "later");
    WAIT(something_was_published, NULL);
    assert_string_equal(published, "later");
    WAIT(has_been_answered, &late);
    assert_has(&late, "{\"id\":\"5-6\"}");
    close(early.fd);
    close(late.fd);
}

/* Masked with zeroes (RFC 6455, 5.3), which leaves the text as it is. */
static size_t masked_publish(char out[static 128])
{
    static const char text[] = "{\"type\":\"publish\",\"channel\":\"public:a\",\"data\":\"hello\"}";
    memcpy(out, (const char[]){(char)0x81, (char)(0x80 | (sizeof text - 1)), 0, 0, 0, 0}, 6);
    memcpy(out + 6, text, sizeof text - 1);
    return 6 + sizeof text - 1;
}

static void what_a_websocket_says_meanwhile_waits_with_it(void **state)
{
    char frame[128];
    (void)state;
    struct client client = asks(SOCKET);
    wait_for_checks(1);
    WAIT(has_been_answered, &client);
    assert_has(&client, "HTTP/1.1 101");
    size_t len = masked_publish(frame);
    assert_int_equal(send(client.fd, frame, len, MSG_NOSIGNAL), len);
    for (unsigned i = 0; i < 20; i++) { /* time enough to publish it too early */
        const unsigned one = 1;
        WAIT(are_parked, &one);
    }
    assert_string_equal(published, "");
    client.len = 0;
    answer_yes(0);
    WAIT(something_was_published, NULL);
    WAIT(has_been_answered, &client);
    assert_has(&client, "\"type\":\"hello\"");
    close(client.fd);
}

/* --- the client is refused ---------------------------------------------------------------------------------------- */

static void who_may_not_is_told_why(void **state)
{
    (void)state;
    struct client events = asks(EVENTS), history = asks(HISTORY), post = asks(POST), ws = asks(SOCKET);
    wait_for_checks(4);
    WAIT(has_been_answered, &ws);
    for (unsigned i = 0; i < 4; i++)
        answer_no(i);
    WAIT(has_been_answered, &events);
    WAIT(has_been_answered, &history);
    WAIT(has_been_answered, &post);
    WAIT(has_been_told_4403, &ws);
    assert_has(&events, "HTTP/1.1 403");
    assert_has(&history, "HTTP/1.1 403");
    assert_has(&post, "HTTP/1.1 403");
    assert_has(&post, "nobody knows you");
    assert_has(&ws, "\"code\":\"forbidden\"");
    say(&post, "hello"); /* the body of the request that was refused */
    close(events.fd);
    close(history.fd);
    close(ws.fd);
    struct client after = asks(EVENTS);
    const unsigned five = 5;
    WAIT(have_been_asked, &five);
    assert_string_equal(published, "");
    close(post.fd);
    close(after.fd);
}

/* --- no answer ---------------------------------------------------------------------------------------------------- */

static void without_an_answer_everybody_is_told_to_come_back(void **state)
{
    (void)state;
    uint64_t begin_ms = clock_now_ms();
    struct client events = asks(EVENTS), history = asks(HISTORY), post = asks(POST "hello"), ws = asks(SOCKET);
    wait_for_checks(4);
    WAIT(has_been_closed, &events);
    assert_in_range(clock_now_ms() - begin_ms, 1900, 8000);
    assert_has(&events, "HTTP/1.1 200");
    assert_has(&events, "retry: ");
    WAIT(has_been_answered, &history);
    assert_has(&history, "HTTP/1.1 503");
    assert_has(&history, "retry-after: 2");
    WAIT(has_been_answered, &post);
    assert_has(&post, "HTTP/1.1 503");
    WAIT(has_been_told_1013, &ws);
    assert_int_equal(status_now().parked, 0);
    for (unsigned i = 0; i < 4; i++)
        answer_yes(i);                             /* too late */
    assert_int_equal(status_now().connections, 1); /* the WebSocket, until its client closes it */
    assert_string_equal(published, "");
    assert_int_equal(histories, 0);
    close(events.fd);
    close(history.fd);
    close(post.fd);
    close(ws.fd);
}

/* Clients can't fill our memory with parked requests. */
static void there_is_room_for_so_many(void **state)
{
    struct client clients[PARKED_MAX];
    (void)state;
    for (unsigned i = 0; i < PARKED_MAX; i++)
        clients[i] = asks(HISTORY);
    wait_for_checks(PARKED_MAX);
    struct client history = asks(HISTORY), events = asks(EVENTS);
    WAIT(has_been_answered, &history);
    assert_has(&history, "HTTP/1.1 503");
    WAIT(has_been_closed, &events);
    assert_has(&events, "HTTP/1.1 200");
    assert_has(&events, "retry: ");
    answer_yes(0);
    WAIT(has_been_answered, &clients[0]);
    assert_has(&clients[0], "HTTP/1.1 200");
    close(history.fd);
    close(events.fd);
    for (unsigned i = 0; i < PARKED_MAX; i++)
        close(clients[i].fd);
}

static void who_leaves_meanwhile_is_forgotten(void **state)
{
    const unsigned none = 0;
    (void)state;
    struct client events = asks(EVENTS), post = asks(POST "hello");
    wait_for_checks(2);
    close(events.fd);
    close(post.fd);
    WAIT(are_parked, &none);
    answer_yes(0);
    answer_yes(1);
    assert_string_equal(published, "");
    assert_int_equal(status_now().connections, 0);
}

static void on_drained(void *arg)
{
    (void)arg;
    is_drained = true;
}

static void a_drain_waits_for_no_answer(void **state)
{
    (void)state;
    struct client events = asks(EVENTS), history = asks(HISTORY), ws = asks(SOCKET);
    wait_for_checks(3);
    uint64_t begin_ms = clock_now_ms();
    server_drain(server, 5000, on_drained, NULL);
    assert_int_equal(status_now().parked, 0);
    WAIT(has_been_closed, &events);
    assert_has(&events, "HTTP/1.1 200");
    assert_has(&events, "retry: ");
    WAIT(has_been_answered, &history);
    assert_has(&history, "HTTP/1.1 503");
    WAIT(has_been_told_1012, &ws);
    assert_in_range(clock_now_ms() - begin_ms, 0, 1900);
    close(ws.fd);
    close(events.fd);
    close(history.fd);
    WAIT(drain_is_over, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stream_begins_when_it_is_known_who_asks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(history_is_read_when_it_is_known_who_asks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_body_may_come_before_it_is_known_or_after, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_websocket_says_meanwhile_waits_with_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_may_not_is_told_why, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_an_answer_everybody_is_told_to_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(there_is_room_for_so_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_leaves_meanwhile_is_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_drain_waits_for_no_answer, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
