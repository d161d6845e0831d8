/*
 * subscribers.c - one subscriber's life:
 *
 *   IDLE ──start()──► ASKING ──subscribers_on_answer()──► GREETING ──subscribers_on_answer()──► OPEN ──shut()──► SHUT
 *
 *   ASKING    the request was sent, the response head is not complete yet (skipped without HTTP)
 *   GREETING  exchange number `step` of the dialect is in progress (skipped if it has none)
 *   OPEN      receiving messages; `reader` knows which one is expected next
 *   SHUT      the server disconnected, or answered with a status other than 200 or 101
 *
 * If a read ends in the middle of a message, the incomplete part is saved in `kept` and put in front of the next read:
 *
 *   buffer  [ kept from last time | bytes from recv() .............. @msg:0000 ]
 *                                                                   └ kept ──┘
 */
#include "subscribers.h"

#include "publisher.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 1024 * 1024,
    HEAD_MAX = 8192,
    EVENTS_MAX = 1024,
    OPENING_MAX = 100,    /* handshakes in progress at once: below every server's accept backlog */
    PER_ADDRESS = 15000,  /* connections from each 127.0.0.x, which has some 28,000 local ports */
    STARTED_PER_TURN = 20 /* so that responses are read between requests */
};

enum subscriber_state { SUBSCRIBER_IDLE, SUBSCRIBER_ASKING, SUBSCRIBER_GREETING, SUBSCRIBER_OPEN, SUBSCRIBER_SHUT };

enum { FRAME_TEXT = 0x81, FRAME_PING = 0x89, FRAME_PONG = 0x8a, FRAME_MASKED = 0x80, FRAME_TEXT_MAX = 125 };

struct subscriber {
    int fd;
    enum subscriber_state state;
    int step;
    struct traffic_reader reader;
    char *kept;
    uint32_t kept_length;
};

void channel_name(char out[static 96], const char *prefix, uint32_t number)
{
    snprintf(out, 96, "%.80s%u", prefix, number);
}

bool subscribers_init(struct subscribers *s, const struct subscribers_options *options, struct traffic *traffic)
{
    memset(s, 0, sizeof *s);
    s->options = *options;
    s->traffic = traffic;
    s->all = calloc(options->count, sizeof *s->all);
    s->buffer = malloc(BUFFER_BYTES + HEAD_MAX + traffic->size);
    s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return s->all && s->buffer && s->epoll_fd >= 0;
}

/* Closing with a reset leaves no TIME_WAIT behind: the next run finds all local ports free. */
static void subscribers_subscriber_shut(struct subscriber *b)
{
    struct linger reset = {.l_onoff = 1};
    if (b->state == SUBSCRIBER_IDLE || b->state == SUBSCRIBER_SHUT)
        return;
    setsockopt(b->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(b->fd);
    free(b->kept);
    b->kept = NULL;
    b->state = SUBSCRIBER_SHUT;
}

void subscribers_fini(struct subscribers *s)
{
    for (uint32_t i = 0; i < s->started; i++)
        subscribers_subscriber_shut(&s->all[i]);
    close(s->epoll_fd);
    free(s->all);
    s->all = NULL;
    free(s->buffer);
    s->buffer = NULL;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static bool subscribers_fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    return false;
}

/* Write `template` with "{c}" replaced by the name of the subscriber's channel. */
static void subscribers_fill_channel(const struct subscribers *s, const struct subscriber *b, const char *template,
                                     char out[static 512])
{
    char channel[96];
    channel_name(channel, s->options.prefix, b->reader.channel);
    fill_template(out, 512, template, channel);
}

static int subscribers_request_print(const struct subscribers *s, const struct subscriber *b, char out[static 1024])
{
    /* The key is the example in RFC 6455 1.3, which also gives the matching Sec-WebSocket-Accept, so no hash needs to
     * be computed. Every browser sends Origin, and webdis does not answer without it. */
    static const char upgrade[] = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                  "Origin: http://127.0.0.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    static const char accept[] = "Accept: text/event-stream\r\nCache-Control: no-cache\r\n";
    char path[512];
    subscribers_fill_channel(s, b, s->options.path, path);
    return snprintf(out, 1024, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s\r\n", path, s->options.port,
                    s->options.dialect->websocket ? upgrade : accept);
}

static bool subscribers_send_all(const struct subscriber *b, const char *data, size_t length)
{
    return send(b->fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
}

/* The masking key is zero, so the text stays as it is; for the server it is a key like any other. */
static bool subscribers_send_frame(const struct subscriber *b, int kind, const char *text)
{
    size_t length = strlen(text);
    char frame[6 + FRAME_TEXT_MAX] = {(char)kind, (char)(FRAME_MASKED | length)};
    if (length > FRAME_TEXT_MAX)
        return false;
    memcpy(frame + 6, text, length);
    return subscribers_send_all(b, frame, 6 + length);
}

/* Begin exchange number `step`. If there is none, the subscriber is open. */
static bool subscribers_subscriber_greet(struct subscribers *s, struct subscriber *b, int step)
{
    const struct dialect *dialect = s->options.dialect;
    const struct exchange *exchange = &dialect->exchanges[step];
    char channel[512], text[512];
    if (step == EXCHANGES_MAX || !exchange->await) {
        b->state = SUBSCRIBER_OPEN;
        s->opened++;
        return true;
    }
    b->state = SUBSCRIBER_GREETING;
    b->step = step;
    if (!exchange->say)
        return true;
    subscribers_fill_channel(s, b, dialect->http ? "{c}" : s->options.path, channel);
    fill_template(text, sizeof text, exchange->say, channel);
    return dialect->websocket ? subscribers_send_frame(b, FRAME_TEXT, text)
                              : subscribers_send_all(b, text, strlen(text));
}

/* Send the request, or without HTTP begin the first exchange. */
static bool subscribers_subscriber_ask(struct subscribers *s, struct subscriber *b)
{
    if (!s->options.dialect->http)
        return subscribers_subscriber_greet(s, b, 0);
    char request[1024];
    b->state = SUBSCRIBER_ASKING;
    return subscribers_send_all(b, request, (size_t)subscribers_request_print(s, b, request));
}

/* A blocking connect: on loopback it takes microseconds, and the accept backlog is never full. */
static bool subscribers_subscriber_start(struct subscribers *s, uint32_t index)
{
    struct subscriber *b = &s->all[index];
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + index / PER_ADDRESS)};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)s->options.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    b->reader.channel = index % s->traffic->channels;
    b->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (b->fd < 0)
        return subscribers_fail("socket");
    setsockopt(b->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(b->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(b->fd, (struct sockaddr *)&from, sizeof from) || connect(b->fd, (struct sockaddr *)&to, sizeof to)) {
        close(b->fd);
        return subscribers_fail("connect");
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = b};
    if (!subscribers_subscriber_ask(s, b))
        return subscribers_fail("send");
    return epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, b->fd, &event) == 0 || subscribers_fail("epoll_ctl");
}

bool subscribers_open_all(struct subscribers *s)
{
    while (s->opened < s->options.count) {
        for (int i = 0; i < STARTED_PER_TURN && s->started < s->options.count; i++) {
            if (s->started - s->opened >= OPENING_MAX)
                break;
            if (!subscribers_subscriber_start(s, s->started++))
                return false;
        }
        subscribers_turn(s, 1);
        if (s->cut) {
            fprintf(stderr, "load: disconnected or refused after %u of %u subscribers\n", s->opened, s->options.count);
            return false;
        }
        if (clock_ns() > s->options.deadline_ns) {
            fprintf(stderr, "load: too slow: only %u of %u subscribers are open\n", s->opened, s->options.count);
            return false;
        }
    }
    return true;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void subscribers_on_cut(struct subscribers *s, struct subscriber *b)
{
    subscribers_subscriber_shut(b);
    s->cut++;
}

static void subscribers_keep(struct subscriber *b, const char *data, size_t length)
{
    char *kept = realloc(b->kept, length);
    if (!kept) {
        perror("load: realloc");
        exit(1);
    }
    memcpy(kept, data, length);
    b->kept = kept;
    b->kept_length = (uint32_t)length;
}

/* Deliver all complete payloads in [data, end). Returns where an incomplete one begins, otherwise `end`. */
static const char *subscribers_scan(struct traffic *t, struct subscriber *b, const char *data, const char *end,
                                    uint64_t now_ns)
{
    for (const char *p = data; (p = memchr(p, TRAFFIC_MARK[0], (size_t)(end - p)));) {
        size_t left = (size_t)(end - p);
        if (memcmp(p, TRAFFIC_MARK, left < TRAFFIC_MARK_LENGTH ? left : TRAFFIC_MARK_LENGTH) != 0) {
            p++; /* the same byte in a frame header */
            continue;
        }
        if (left < t->size)
            return p;
        traffic_deliver(t, &b->reader, p, now_ns);
        p += t->size;
    }
    return end;
}

/* Answer a ping, so that the server does not time out the connection in a long run. A WebSocket ping arrives in a read
 * of its own, so it is enough to check the first byte. */
static void subscribers_answer_ping(const struct dialect *dialect, const struct subscriber *b, const char *data,
                                    size_t length)
{
    if (length >= 2 && (unsigned char)data[0] == FRAME_PING)
        subscribers_send_frame(b, FRAME_PONG, "");
    else if (dialect->ping && memmem(data, length, dialect->ping, strlen(dialect->ping)))
        subscribers_send_frame(b, FRAME_TEXT, dialect->pong);
}

static bool subscribers_head_is_good(const struct subscribers *s, const char *head, size_t length)
{
    if (!s->options.dialect->websocket)
        return strncmp(head, "HTTP/1.1 200", 12) == 0;
    return strncmp(head, "HTTP/1.1 101", 12) == 0 && memmem(head, length, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28);
}

/* Find the awaited answer and go on to the next exchange, until the subscriber is open or more bytes are needed.
 * Returns where the unused bytes begin. */
static const char *subscribers_on_answer(struct subscribers *s, struct subscriber *b, const char *data, const char *end)
{
    while (b->state == SUBSCRIBER_ASKING || b->state == SUBSCRIBER_GREETING) {
        bool is_head = b->state == SUBSCRIBER_ASKING;
        const char *await = is_head ? "\r\n\r\n" : s->options.dialect->exchanges[b->step].await;
        const char *heard = memmem(data, (size_t)(end - data), await, strlen(await));
        if (!heard)
            return data;
        if (is_head && !subscribers_head_is_good(s, data, (size_t)(heard - data))) {
            fprintf(stderr, "load: refused: %.*s\n", (int)(heard - data), data);
            subscribers_on_cut(s, b);
            return end;
        }
        data = heard + strlen(await);
        if (!subscribers_subscriber_greet(s, b, is_head ? 0 : b->step + 1)) {
            subscribers_on_cut(s, b);
            return end;
        }
    }
    return data;
}

/* One read. True: it filled the buffer, so there may be more. */
static bool subscribers_subscriber_read(struct subscribers *s, struct subscriber *b)
{
    size_t kept = b->kept_length;
    if (kept)
        memcpy(s->buffer, b->kept, kept);
    b->kept_length = 0;
    ssize_t n = recv(b->fd, s->buffer + kept, BUFFER_BYTES, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) {
        b->kept_length = (uint32_t)kept; /* b->kept still holds it */
        return false;
    }
    if (n <= 0) {
        subscribers_on_cut(s, b);
        return false;
    }
    const char *at = s->buffer, *end = s->buffer + kept + n;
    if (b->state != SUBSCRIBER_OPEN)
        at = subscribers_on_answer(s, b, at, end);
    if (b->state == SUBSCRIBER_OPEN) {
        uint64_t delivered = s->traffic->delivered;
        const char *body = at;
        at = subscribers_scan(s->traffic, b, at, end, clock_ns());
        if (s->options.dialect->websocket && at == end && s->traffic->delivered == delivered)
            subscribers_answer_ping(s->options.dialect, b, body, (size_t)(end - body));
    } else if (b->state != SUBSCRIBER_SHUT && end - at > HEAD_MAX)
        subscribers_on_cut(s, b);
    if (at != end && b->state != SUBSCRIBER_SHUT)
        subscribers_keep(b, at, (size_t)(end - at));
    return n == BUFFER_BYTES;
}

int subscribers_turn(struct subscribers *s, int timeout_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(s->epoll_fd, events, EVENTS_MAX, timeout_ms);
    for (int i = 0; i < n; i++) {
        struct subscriber *b = events[i].data.ptr;
        while (b->state != SUBSCRIBER_SHUT && subscribers_subscriber_read(s, b))
            ;
        if (b->state != SUBSCRIBER_SHUT && events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
            subscribers_on_cut(s, b);
    }
    return n;
}
