/*
 * The layer above sees requests, answers, streams and WebSockets, but not the library that reads and writes them. What
 * it sends arrives, at once or later; what a browser sends is handed up whole; each end is reported once.
 */
#include "http/http.h"

#include "base/buffer.h"
#include "base/log.h"
#include "base/loop.h"
#include "cmocka_all.h"
#include "http/exchange.h"
#include "http/request.h"
#include "http/response.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEADLINE_MS 20000

/* --- the scene: a server, one browser, and what happened to both -------------------------------------------------- */

struct scene {
    struct loop *loop;
    struct http *http;
    struct timer *alarm, *later;
    struct watch *watch;
    struct sockaddr_in address;
    int browser;         /* its socket; -1: none */
    struct buffer heard; /* what the browser has received */
    bool is_hung_up, is_reset;
    bool (*is_over)(const struct scene *scene);
    const char *awaited; /* what has_heard() looks for */
    /* What the server does, and what it has seen. */
    void (*on_request)(struct scene *scene, struct request *request);
    void (*on_later)(struct scene *scene);
    struct exchange exchange;
    struct connection connection;
    struct request *kept;
    unsigned requests, gone, closed;
    char body[256];
    size_t body_len;
};

static struct scene scene;

static void on_request(void *arg, struct request *request)
{
    (void)arg;
    scene.requests++;
    scene.on_request(&scene, request);
}

static void on_upgrade(void *arg, struct request *request)
{
    (void)arg;
    if (!bytes_is(request->path, "/ws"))
        response_send(request, &(struct response){.status = 404, .is_last = true});
}

static const struct http_handlers handlers = {on_request, on_upgrade, on_request};

static void on_alarm(void *arg)
{
    (void)arg;
    fail_msg("the deadline is over; heard so far: %.*s", (int)scene.heard.len, scene.heard.data);
}

static void on_later(void *arg)
{
    (void)arg;
    scene.on_later(&scene);
}

static void on_turn_end(void *arg)
{
    (void)arg;
    if (scene.is_over && scene.is_over(&scene))
        loop_stop(scene.loop);
}

static void on_readable(void *arg)
{
    char bytes[4096];
    (void)arg;
    ssize_t len = recv(scene.browser, bytes, sizeof bytes, MSG_DONTWAIT);
    if (len > 0)
        buffer_append(&scene.heard, bytes, (size_t)len);
    else if (len == 0 || errno != EAGAIN) {
        scene.is_hung_up = true;
        scene.is_reset = len < 0;
        watch_stop(scene.watch);
    }
}

static int begin(void **state)
{
    static const char *const subprotocols[] = {"one", "two", NULL};
    socklen_t len = sizeof scene.address;
    (void)state;
    log_open(LOG_ERROR, false, "test");
    scene = (struct scene){.loop = loop_new(), .browser = -1};
    struct http_config config = {.tls_cert = "", .tls_key = "", .subprotocols = subprotocols, .max_connections = 100};
    config.listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    scene.address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(config.listening, (struct sockaddr *)&scene.address, len), 0);
    http_prepare(config.listening);
    assert_int_equal(listen(config.listening, 10), 0);
    assert_int_equal(getsockname(config.listening, (struct sockaddr *)&scene.address, &len), 0);
    scene.alarm = timer_new(scene.loop, on_alarm, NULL);
    scene.later = timer_new(scene.loop, on_later, NULL);
    scene.http = http_new(scene.loop, &config, &handlers, NULL);
    loop_on_turn_end(scene.loop, on_turn_end, NULL);
    return !scene.http || !scene.alarm || !scene.later;
}

static void leave(void)
{
    watch_free(scene.watch);
    scene.watch = NULL;
    if (scene.browser >= 0)
        close(scene.browser);
    scene.browser = -1;
    buffer_clear(&scene.heard);
    scene.is_hung_up = scene.is_reset = false;
}

static int end(void **state)
{
    (void)state;
    leave();
    http_free(scene.http);
    request_free(scene.kept);
    timer_free(scene.alarm);
    timer_free(scene.later);
    loop_free(scene.loop);
    buffer_fini(&scene.heard);
    return 0;
}

static void say(struct bytes bytes)
{
    assert_int_equal(send(scene.browser, bytes.data, bytes.len, MSG_NOSIGNAL), (ssize_t)bytes.len);
}

static void come(const char *text)
{
    leave();
    scene.browser = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(scene.browser, (struct sockaddr *)&scene.address, sizeof scene.address), 0);
    scene.watch = watch_new(scene.loop, scene.browser, on_readable, NULL);
    watch_start(scene.watch);
    say(bytes_of(text));
}

static void run_until(bool (*is_over)(const struct scene *scene))
{
    scene.is_over = is_over;
    timer_start(scene.alarm, DEADLINE_MS);
    loop_run(scene.loop);
    timer_stop(scene.alarm);
}

static bool has_heard(const struct scene *s)
{
    return s->heard.len > 0 && memmem(s->heard.data, s->heard.len, s->awaited, strlen(s->awaited));
}

static bool is_hung_up(const struct scene *s)
{
    return s->is_hung_up;
}

static bool is_gone(const struct scene *s)
{
    return s->gone > 0 || s->closed > 0;
}

static bool is_asked(const struct scene *s)
{
    return s->requests > 0;
}

static void run_until_heard(const char *text)
{
    scene.awaited = text;
    run_until(has_heard);
}

static bool heard(const char *text)
{
    scene.awaited = text;
    return has_heard(&scene);
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static void answer(struct scene *s, struct request *request)
{
    struct response response = {.status = 200, .type = "text/plain", .body = BYTES("hello")};
    (void)s;
    response_send(request, &response);
}

static void keep(struct scene *s, struct request *request)
{
    request_free(s->kept);
    s->kept = request_copy(request);
    answer(s, request);
}

static const struct request *read_request(const char *text)
{
    scene.on_request = keep;
    come(text);
    run_until_heard("hello");
    return scene.kept;
}

static void what_was_asked_is_read_and_can_be_kept(void **state)
{
    struct bytes value;
    (void)state;
    const struct request *request = read_request("GET /a%20b?x=1&channel=a%26b&channel=&y HTTP/1.1\r\nHost: x\r\n"
                                                 "Origin:  https://x.test \r\nLast-Event-ID: 17-4\r\n\r\n");
    assert_int_equal(request->method, METHOD_GET);
    assert_true(bytes_is(request->path, "/a b"));
    assert_true(bytes_is(request->origin, "https://x.test"));
    assert_true(bytes_is(request->last_event_id, "17-4"));
    assert_int_equal(request->subprotocols.len, 0);
    assert_int_equal(request->arg_count, 4);
    assert_true(request_arg(request, "channel", &value) && bytes_is(value, "a&b"));
    assert_true(request_arg(request, "y", &value) && value.len == 0);
    assert_false(request_arg(request, "z", &value));
    assert_false(request->has_length || request->is_chunked || request->is_broken);
}

static void a_line_end_within_a_url_is_told(void **state)
{
    (void)state;
    assert_true(read_request("GET /a%0ab HTTP/1.1\r\nHost: x\r\n\r\n")->is_broken);
}

static struct bytes read_id(size_t len)
{
    char text[2048];
    snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: x\r\nLast-Event-ID: %0*d\r\n\r\n", (int)len, 7);
    return read_request(text)->last_event_id;
}

static void a_cursor_of_many_shards_fits(void **state)
{
    (void)state;
    assert_int_equal(read_id(REQUEST_LAST_EVENT_ID_MAX).len, REQUEST_LAST_EVENT_ID_MAX);
    assert_true(bytes_is(read_id(REQUEST_LAST_EVENT_ID_MAX + 1), "?"));
}

static const struct request *read_length(const char *length)
{
    char text[256];
    snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\nConnection: close\r\n\r\n", length);
    return read_request(text);
}

/* libwebsockets might read it as a number (atoll), and would take the next request for the body. */
static void a_length_that_is_none_is_not_taken_for_nothing(void **state)
{
    (void)state;
    assert_true(read_length("0")->has_length && scene.kept->length == 0);
    assert_true(read_length("7")->has_length && scene.kept->length == 7);
    assert_true(!read_length("+7")->has_length && scene.kept->length > 0);
    assert_true(!read_length("7x")->has_length && scene.kept->length > 0);
    assert_true(read_length("99999999999999999999")->has_length && scene.kept->length == UINT64_MAX);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static void an_answer_has_a_head_and_a_body(void **state)
{
    (void)state;
    scene.on_request = answer;
    come("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    run_until_heard("hello");
    assert_true(heard("HTTP/1.1 200 OK\r\n"));
    assert_true(heard("content-length: 5\r\n"));
    assert_false(heard("access-control"));
    buffer_clear(&scene.heard);
    say(BYTES("HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    run_until(is_hung_up);
    assert_int_equal(scene.requests, 3);
    assert_true(heard("\r\n\r\nHTTP/1.1 200 OK\r\n"));
}

static void refuse(struct scene *s, struct request *request)
{
    (void)s;
    (void)request;
}

static void a_request_that_nobody_answers_is_closed(void **state)
{
    (void)state;
    scene.on_request = refuse;
    come("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    run_until(is_hung_up);
    assert_int_equal(scene.heard.len, 0);
}

/* --- exchanges ---------------------------------------------------------------------------------------------------- */

static void on_body(struct exchange *exchange, struct bytes body)
{
    (void)exchange;
    memcpy(scene.body, body.data, body.len);
    scene.body_len = body.len;
    timer_start(scene.later, 0);
}

static void on_gone(struct exchange *exchange)
{
    (void)exchange;
    scene.gone++;
}

static const struct exchange_ops exchange_ops = {.on_body = on_body, .on_gone = on_gone};

static void wait_for_body(struct scene *s, struct request *request)
{
    assert_true(exchange_open(&s->exchange, &exchange_ops, request));
    assert_int_equal(http_exchanges(s->http), 1);
}

static void park(struct scene *s, struct request *request)
{
    wait_for_body(s, request);
    timer_start(s->later, 20);
}

static void answer_later(struct scene *s)
{
    struct response response = {.status = 200,
                                .type = "text/plain",
                                .body = BYTES("later"),
                                .cors = {.origin = s->exchange.origin, .depends_on_page = true}};
    exchange_answer(&s->exchange, &response);
}

static void an_answer_may_come_later(void **state)
{
    (void)state;
    scene.on_request = park;
    scene.on_later = answer_later;
    come("GET / HTTP/1.1\r\nHost: x\r\nOrigin: https://x.test\r\n\r\n");
    run_until_heard("later");
    assert_true(heard("access-control-allow-origin: https://x.test\r\n"));
    assert_int_equal(scene.gone, 1);
    buffer_clear(&scene.heard);
    scene.on_request = answer;
    say(BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); /* on the same connection */
    run_until_heard("hello");
    assert_int_equal(http_exchanges(scene.http), 0);
}

static void a_body_is_handed_up_whole(void **state)
{
    (void)state;
    scene.on_request = wait_for_body;
    scene.on_later = answer_later;
    come("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
    run_until(is_asked);
    say(BYTES("def"));
    run_until_heard("later");
    assert_int_equal(scene.body_len, 6);
    assert_memory_equal(scene.body, "abcdef", 6);
}

static void an_empty_body_is_one(void **state)
{
    (void)state;
    scene.on_request = wait_for_body;
    scene.on_later = answer_later;
    scene.body_len = 1;
    come("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    run_until_heard("later");
    assert_int_equal(scene.body_len, 0);
}

static void a_browser_that_does_not_wait_is_told_of(void **state)
{
    (void)state;
    scene.on_request = wait_for_body;
    come("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    run_until(is_asked);
    leave();
    run_until(is_gone);
    assert_int_equal(scene.gone, 1);
}

/* --- streams ------------------------------------------------------------------------------------------------------ */

static void on_closed(struct connection *connection)
{
    assert_ptr_equal(connection, &scene.connection);
    scene.closed++;
}

static const struct connection_ops stream_ops = {.on_closed = on_closed};

static const struct response stream_head = {.status = 200, .type = CONTENT_EVENTS, .cors = {.origin = {"*", 1}}};

static void write_text(struct connection *connection, const char *text)
{
    char bytes[BUFFER_HEADROOM + 64];
    size_t len = strlen(text);
    memcpy(bytes + BUFFER_HEADROOM, text, len);
    assert_int_equal(connection_write(connection, bytes + BUFFER_HEADROOM, len), WRITTEN_ALL);
    assert_false(connection_is_holding(connection));
}

static void stream(struct scene *s, struct request *request)
{
    assert_true(connection_open_stream(&s->connection, &stream_ops, request, &stream_head));
    write_text(&s->connection, "data: 1\n\n");
}

static void a_stream_has_no_length_and_ends_when_it_is_closed(void **state)
{
    (void)state;
    scene.on_request = stream;
    come("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    run_until_heard("data: 1");
    assert_true(heard("connection: close\r\n"));
    assert_true(heard("access-control-allow-origin: *\r\n"));
    assert_false(heard("content-length"));
    write_text(&scene.connection, "data: 2\n\n");
    connection_close(&scene.connection, 0, NULL);
    run_until(is_hung_up);
    assert_true(heard("data: 2\n\n"));
    assert_int_equal(scene.closed, 1);
}

static void stream_later(struct scene *s)
{
    uint64_t number = s->exchange.connection.number;
    assert_true(exchange_open_stream(&s->exchange, &s->connection, &stream_ops, &stream_head));
    assert_true(number == s->connection.number);
    assert_int_equal(http_exchanges(s->http), 0);
    write_text(&s->connection, "data: 1\n\n");
}

static void a_parked_request_can_become_a_stream(void **state)
{
    (void)state;
    scene.on_request = park;
    scene.on_later = stream_later;
    come("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    run_until_heard("data: 1");
    assert_int_equal(scene.gone, 0);
    leave();
    run_until(is_gone);
    assert_int_equal(scene.gone, 0);
    assert_int_equal(scene.closed, 1);
}

static void a_reset_drops_what_is_under_way(void **state)
{
    struct progress progress;
    (void)state;
    scene.on_request = stream;
    come("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    run_until_heard("data: 1");
    assert_true(connection_progress(&scene.connection, &progress));
    assert_int_equal(progress.taken, (uint32_t)scene.heard.len);
    connection_reset(&scene.connection);
    run_until(is_hung_up);
    assert_true(scene.is_reset);
    assert_int_equal(scene.closed, 1);
}

static void each_connection_has_an_id_of_its_own(void **state)
{
    char first[CONNECTION_ID_MAX];
    (void)state;
    scene.on_request = stream;
    come("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    run_until_heard("data: 1");
    connection_id(first, &scene.connection);
    assert_int_equal(strspn(first, "0123456789abcdef"), 16);
    leave();
    run_until(is_gone);
    come("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    run_until_heard("data: 1");
    assert_string_not_equal(first, CONNECTION_ID(&scene.connection));
}

/* --- WebSockets --------------------------------------------------------------------------------------------------- */

#define HANDSHAKE(path, more)                                                                                          \
    "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"   \
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" more "\r\n"

static void on_piece(struct connection *connection, const struct piece *piece)
{
    (void)connection;
    assert_true(piece->is_first && piece->is_final && !piece->is_binary && piece->missing == 0);
    memcpy(scene.body, piece->bytes, piece->len);
    scene.body_len = piece->len;
    connection_close(connection, 4403, "enough");
}

static const struct connection_ops websocket_ops = {.on_piece = on_piece, .on_closed = on_closed};

static void open_websocket(struct scene *s, struct request *request)
{
    assert_true(bytes_is(request->path, "/ws"));
    connection_open(&s->connection, &websocket_ops, request);
    write_text(&s->connection, connection_subprotocol(&s->connection));
}

static void a_websocket_has_a_way_back_and_a_close_with_a_reason(void **state)
{
    (void)state;
    scene.on_request = open_websocket;
    come(HANDSHAKE("/ws", "Sec-WebSocket-Protocol: other, two\r\n"));
    run_until_heard("\r\n\r\ntwo");
    assert_true(heard("101 Switching Protocols"));
    say(BYTES("\x81\x82\0\0\0\0hi"));
    run_until_heard("\x88\x08\x11\x33"
                    "enough");
    assert_int_equal(scene.body_len, 2);
    say(BYTES("\x88\x82\0\0\0\0\x11\x33"));
    run_until(is_hung_up);
    assert_int_equal(scene.closed, 1);
}

static void an_upgrade_may_be_refused(void **state)
{
    (void)state;
    come(HANDSHAKE("/elsewhere", ""));
    run_until(is_hung_up);
    assert_true(heard(" 404 Not Found\r\n"));
    assert_int_equal(scene.requests, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_asked_is_read_and_can_be_kept),
        TEST(a_line_end_within_a_url_is_told),
        TEST(a_cursor_of_many_shards_fits),
        TEST(a_length_that_is_none_is_not_taken_for_nothing),
        TEST(an_answer_has_a_head_and_a_body),
        TEST(a_request_that_nobody_answers_is_closed),
        TEST(an_answer_may_come_later),
        TEST(a_body_is_handed_up_whole),
        TEST(an_empty_body_is_one),
        TEST(a_browser_that_does_not_wait_is_told_of),
        TEST(a_stream_has_no_length_and_ends_when_it_is_closed),
        TEST(a_parked_request_can_become_a_stream),
        TEST(a_reset_drops_what_is_under_way),
        TEST(each_connection_has_an_id_of_its_own),
        TEST(a_websocket_has_a_way_back_and_a_close_with_a_reason),
        TEST(an_upgrade_may_be_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
