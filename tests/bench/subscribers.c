/*
 * subscribers.c - one subscriber's life:
 *
 *   IDLE ──start()──► ASKING ──on_head()──► OPEN ──shut()──► SHUT
 *
 *   ASKING  connecting, or connected and waiting for the whole response head
 *   OPEN    `next` is the sequence number that is due on its channel
 *   SHUT    the other side cut it, or answered something else than 200 or 101
 *
 * A message that a read cut in two waits in `kept` and is put in front of what the next read brings:
 *
 *   buffer  [ kept from last time | what recv() brought ............ @msg:0000 ]
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
    OPENING_MAX = 100,    /* handshakes under way at once: below every server's accept backlog */
    PER_ADDRESS = 15000,  /* one 127.0.0.x has some 28,000 local ports */
    STARTED_PER_TURN = 20 /* so that answers are read while new ones are asked */
};

enum subscriber_state { SUBSCRIBER_IDLE, SUBSCRIBER_ASKING, SUBSCRIBER_OPEN, SUBSCRIBER_SHUT };

struct subscriber {
    int fd;
    enum subscriber_state state;
    uint32_t channel, next;
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
static void subscriber_shut(struct subscriber *b)
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
        subscriber_shut(&s->all[i]);
    close(s->epoll_fd);
    free(s->all);
    s->all = NULL;
    free(s->buffer);
    s->buffer = NULL;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static bool fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    return false;
}

static int request_print(const struct subscribers *s, const struct subscriber *b, char out[static 1024])
{
    /* RFC 6455 1.3 has this key and its proof, so the answer can be checked without computing anything. */
    static const char upgrade[] = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    static const char accept[] = "Accept: text/event-stream\r\nCache-Control: no-cache\r\n";
    char channel[96], path[512];
    channel_name(channel, s->options.prefix, b->channel);
    fill_template(path, sizeof path, s->options.path, channel);
    return snprintf(out, 1024, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s\r\n", path, s->options.port,
                    s->options.websocket ? upgrade : accept);
}

/* A blocking connect: on loopback it takes microseconds, and the accept backlog is never full. */
static bool subscriber_start(struct subscribers *s, uint32_t index)
{
    struct subscriber *b = &s->all[index];
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + index / PER_ADDRESS)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)s->options.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    b->channel = index % s->traffic->channels;
    b->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (b->fd < 0)
        return fail("socket");
    setsockopt(b->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(b->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(b->fd, (struct sockaddr *)&from, sizeof from) || connect(b->fd, (struct sockaddr *)&to, sizeof to)) {
        close(b->fd);
        return fail("connect");
    }
    char request[1024];
    int length = request_print(s, b, request);
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = b};
    b->state = SUBSCRIBER_ASKING;
    if (send(b->fd, request, (size_t)length, MSG_NOSIGNAL) != length)
        return fail("send");
    return epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, b->fd, &event) == 0 || fail("epoll_ctl");
}

bool subscribers_open_all(struct subscribers *s)
{
    while (s->opened < s->options.count) {
        for (int i = 0; i < STARTED_PER_TURN && s->started < s->options.count; i++) {
            if (s->started - s->opened >= OPENING_MAX)
                break;
            if (!subscriber_start(s, s->started++))
                return false;
        }
        subscribers_turn(s, 1);
        if (s->cut) {
            fprintf(stderr, "load: cut or refused after %u of %u subscribers\n", s->opened, s->options.count);
            return false;
        }
        if (clock_ns() > s->options.deadline_ns) {
            fprintf(stderr, "load: too slow: %u of %u subscribers are open\n", s->opened, s->options.count);
            return false;
        }
    }
    return true;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void on_cut(struct subscribers *s, struct subscriber *b)
{
    subscriber_shut(b);
    s->cut++;
}

static void keep(struct subscriber *b, const char *data, size_t length)
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

/* Deliver all whole payloads in [data, end). Gives where an unfinished one begins, else `end`. */
static const char *scan(struct traffic *t, struct subscriber *b, const char *data, const char *end, uint64_t now_ns)
{
    for (const char *p = data; (p = memchr(p, TRAFFIC_MARK[0], (size_t)(end - p)));) {
        size_t left = (size_t)(end - p);
        if (memcmp(p, TRAFFIC_MARK, left < TRAFFIC_MARK_LENGTH ? left : TRAFFIC_MARK_LENGTH) != 0) {
            p++; /* the same byte in a frame's head */
            continue;
        }
        if (left < t->size)
            return p;
        traffic_deliver(t, b->channel, &b->next, p, now_ns);
        p += t->size;
    }
    return end;
}

/* Answer a ping, so that a long run is not taken for a dead one. Pings come alone, so a look at the beginning will do.
 * The masks are zero, which a server cannot tell from chance. */
static void answer_ping(const struct subscriber *b, const char *data, size_t length)
{
    static const char pong_frame[] = "\x8a\x80\0\0\0\0", pong_json[] = "\x81\x8f\0\0\0\0{\"type\":\"pong\"}";
    if (length >= 2 && (unsigned char)data[0] == 0x89)
        send(b->fd, pong_frame, sizeof pong_frame - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    else if (memmem(data, length, "{\"type\":\"ping\"", 14))
        send(b->fd, pong_json, sizeof pong_json - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static const char *on_head(struct subscribers *s, struct subscriber *b, const char *data, const char *end)
{
    const char *head_end = memmem(data, (size_t)(end - data), "\r\n\r\n", 4);
    if (!head_end)
        return data;
    bool ok = s->options.websocket ? strncmp(data, "HTTP/1.1 101", 12) == 0 : strncmp(data, "HTTP/1.1 200", 12) == 0;
    if (ok && s->options.websocket)
        ok = memmem(data, (size_t)(head_end - data), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28) != NULL;
    if (!ok) {
        fprintf(stderr, "load: refused: %.*s\n", (int)(head_end - data), data);
        on_cut(s, b);
        return end;
    }
    b->state = SUBSCRIBER_OPEN;
    s->opened++;
    return head_end + 4;
}

/* One read. True: it filled the buffer, so there may be more. */
static bool subscriber_read(struct subscribers *s, struct subscriber *b)
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
        on_cut(s, b);
        return false;
    }
    const char *at = s->buffer, *end = s->buffer + kept + n;
    if (b->state == SUBSCRIBER_ASKING)
        at = on_head(s, b, at, end);
    if (b->state == SUBSCRIBER_OPEN) {
        uint64_t delivered = s->traffic->delivered;
        const char *body = at;
        at = scan(s->traffic, b, at, end, clock_ns());
        if (s->options.websocket && at == end && s->traffic->delivered == delivered)
            answer_ping(b, body, (size_t)(end - body));
    }
    if (b->state == SUBSCRIBER_ASKING && end - at > HEAD_MAX)
        on_cut(s, b);
    if (at != end && b->state != SUBSCRIBER_SHUT)
        keep(b, at, (size_t)(end - at));
    return n == BUFFER_BYTES;
}

int subscribers_turn(struct subscribers *s, int timeout_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(s->epoll_fd, events, EVENTS_MAX, timeout_ms);
    for (int i = 0; i < n; i++) {
        struct subscriber *b = events[i].data.ptr;
        while (b->state != SUBSCRIBER_SHUT && subscriber_read(s, b))
            ;
        if (b->state != SUBSCRIBER_SHUT && events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
            on_cut(s, b);
    }
    return n;
}
