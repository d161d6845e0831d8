/*
 * browser.c - one browser's life:
 *
 *   IDLE ──open()──► CONNECTING ──ask()──► ASKING ──browser_on_head()──► ANSWERED ──browser_on_event()──► LISTENING
 *     ▲                   └─────────────────┴───────── browser_on_end() ────┴──────────────────────┴──► CUT
 *     └── shut(), from any
 *
 *   ANSWERED   the head was 200 or 101
 *   LISTENING  from here on it misses nothing: SSE's first block, or `subscribed` for each channel, has come
 *
 * The beginning of an event that a read cut in two is kept in `kept`, and put in front of the next read.
 */
#include "browser.h"

#include "group.h"
#include "ledger.h"
#include "payload.h"
#include "pen.h"
#include "room.h"

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
    KEPT_MAX = 256 * 1024, /* no event is longer */
    REQUEST_MAX = 80 * 1024,
    PER_ADDRESS = 15000 /* one 127.0.0.x has some 28,000 local ports */
};
#define NEXT_UNKNOWN UINT32_MAX

static char browser_buffer[KEPT_MAX + BUFFER_BYTES]; /* of the last read; shared by all browsers */

static void browser_enter(struct browser *b, enum browser_state state)
{
    b->group->by_state[b->state]--;
    b->group->by_state[state]++;
    b->state = state;
}

static uint32_t browser_first_channel(const struct browser *b)
{
    const struct group_options *o = &b->group->options;
    return o->first + (uint32_t)((uint64_t)b->index * o->each % o->channels);
}

void browser_init(struct browser *b, struct group *group, uint32_t index)
{
    *b = (struct browser){.group = group, .index = index, .fd = -1};
    b->next = room_for(NULL, group->options.each, sizeof *b->next);
    for (uint32_t i = 0; i < group->options.each; i++)
        b->next[i] = NEXT_UNKNOWN;
    group->by_state[BROWSER_IDLE]++;
}

void browser_fini(struct browser *b)
{
    browser_shut(b, END_RESET);
    free(b->next);
    b->next = NULL;
}

static void browser_forget_socket(struct browser *b, enum browser_end how)
{
    struct linger reset = {.l_onoff = 1};
    if (b->fd < 0)
        return;
    if (how == END_RESET) /* leaves no TIME_WAIT behind: the local port is free again */
        setsockopt(b->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(b->fd);
    b->fd = -1;
    free(b->kept);
    b->kept = NULL;
    b->kept_length = 0;
    b->subscribed = 0;
    b->is_paused = false;
}

void browser_shut(struct browser *b, enum browser_end how)
{
    browser_forget_socket(b, how);
    browser_enter(b, BROWSER_IDLE);
}

/* The connection failed or the server closed it. Reset it, so that its local port is free at once. */
static void browser_on_end(struct browser *b)
{
    struct group *g = b->group;
    if (b->state == BROWSER_LISTENING)
        g->cut++;
    else
        g->refused++;
    browser_forget_socket(b, END_RESET);
    browser_enter(b, BROWSER_CUT);
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

bool browser_open(struct browser *b, int epoll_fd)
{
    const struct group_options *o = &b->group->options;
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK + o->source + b->index / PER_ADDRESS)};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)o->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = b};
    int one = 1, size = (int)o->receive_buffer;
    b->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (b->fd < 0)
        return false;
    b->started_ns = clock_ns();
    b->is_gap_told = false;
    setsockopt(b->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(b->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (size)
        setsockopt(b->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    browser_enter(b, BROWSER_CONNECTING);
    if (bind(b->fd, (struct sockaddr *)&from, sizeof from) == 0 &&
        (connect(b->fd, (struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS) &&
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, b->fd, &event) == 0)
        return true;
    perror("crowd: connect");
    browser_on_end(b);
    return false;
}

/* "channel=public:c7&channel=public:c8" */
static int browser_channels_print(const struct browser *b, char *out, size_t capacity)
{
    const struct group_options *o = &b->group->options;
    if (o->pattern[0])
        return snprintf(out, capacity, "channel=%s", o->pattern);
    int length = 0;
    for (uint32_t i = 0; i < (o->has_frames ? 0 : o->each); i++)
        length += snprintf(out + length, capacity - (size_t)length, "%schannel=" CHANNEL_NAME, i ? "&" : "",
                           browser_first_channel(b) + i);
    return length;
}

static size_t browser_request_print(const struct browser *b, char out[static REQUEST_MAX])
{
    /* RFC 6455 1.3 has this key and the answer to it, which can thus be checked without computing anything. */
    static const char upgrade[] = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    static const char accept[] = "Accept: text/event-stream\r\nCache-Control: no-cache\r\n";
    const struct group_options *o = &b->group->options;
    bool has_id = b->id.ms != 0;
    char id[48];
    size_t length = (size_t)sprintf(out, "GET %s?", o->is_websocket ? "/ws" : "/events");
    length += (size_t)browser_channels_print(b, out + length, REQUEST_MAX / 2);
    snprintf(id, sizeof id, "%llu-%llu", (unsigned long long)b->id.ms, (unsigned long long)b->id.seq);
    if (has_id && o->is_websocket)
        length += (size_t)sprintf(out + length, "&last_event_id=%s", id);
    length += (size_t)sprintf(out + length, "%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s", o->query, o->port,
                              o->is_websocket ? upgrade : accept);
    if (has_id && !o->is_websocket)
        length += (size_t)sprintf(out + length, "Last-Event-ID: %s\r\n", id);
    if (o->cookie) {
        length += (size_t)sprintf(out + length, "Cookie: crowd=");
        memset(out + length, 'k', o->cookie);
        length += o->cookie;
        length += (size_t)sprintf(out + length, "\r\n");
    }
    length += (size_t)sprintf(out + length, "\r\n");
    return length;
}

static void browser_ask(struct browser *b)
{
    static char request[REQUEST_MAX];
    const struct group_options *o = &b->group->options;
    size_t length = browser_request_print(b, request);
    if (o->half && o->half < length)
        length = o->half;
    browser_enter(b, BROWSER_ASKING);
    if (send(b->fd, request, length, MSG_NOSIGNAL) != (ssize_t)length)
        browser_on_end(b);
}

/* --- listening ---------------------------------------------------------------------------------------------------- */

static void browser_say_frame(struct browser *b, const char *text, size_t length)
{
    char frame[PAYLOAD_MAX + 256];
    size_t frame_length = wire_ws_text(frame, text, length);
    if (send(b->fd, frame, frame_length, MSG_NOSIGNAL) != (ssize_t)frame_length)
        browser_on_end(b);
}

static void browser_subscribe_by_frames(struct browser *b)
{
    char text[160];
    for (uint32_t i = 0; i < b->group->options.each && b->state == BROWSER_ANSWERED; i++) {
        int length = snprintf(text, sizeof text, "{\"type\":\"subscribe\",\"channel\":\"" CHANNEL_NAME "\",\"ref\":%u}",
                              browser_first_channel(b) + i, i + 1);
        browser_say_frame(b, text, (size_t)length);
    }
}

/* From here on it misses nothing. If nothing is being published just now, the next sequence numbers are known, too. */
static void browser_on_listening(struct browser *b)
{
    struct group *g = b->group;
    uint64_t now_ns = clock_ns();
    if (b->state == BROWSER_LISTENING)
        return;
    browser_enter(b, BROWSER_LISTENING);
    g->last_listening_ns = now_ns;
    histogram_add(&g->waiting, now_ns - b->started_ns);
    if (!pen_is_quiet(now_ns))
        return;
    for (uint32_t i = 0; i < g->options.each; i++) {
        if (b->next[i] == NEXT_UNKNOWN)
            b->next[i] = ledger_said(browser_first_channel(b) + i);
    }
}

static void browser_on_message(struct browser *b, const struct event *event, uint64_t now_ns)
{
    struct group *g = b->group;
    struct payload payload;
    uint32_t first = browser_first_channel(b);
    if (event->data_length > 0 && event->data[0] == PAYLOAD_SPOKEN) {
        g->spoken++;
        return;
    }
    if (!event->data || !payload_read(event->data, event->data_length, &payload) || payload.channel < first ||
        payload.channel - first >= g->options.each) {
        g->damaged++;
        return;
    }
    uint32_t *next = &b->next[payload.channel - first];
    if (*next != NEXT_UNKNOWN && payload.sequence < *next) {
        g->doubled++;
        return;
    }
    if (*next != NEXT_UNKNOWN && payload.sequence > *next)
        *(b->is_gap_told ? &g->skipped : &g->lost) += payload.sequence - *next;
    b->is_gap_told = false;
    *next = payload.sequence + 1;
    g->received++;
    g->last_message_ns = now_ns;
    histogram_add(&g->latency, now_ns - payload.said_ns);
}

static void browser_on_event(struct browser *b, const struct event *event, uint64_t now_ns)
{
    static const char pong_frame[] = "\x8a\x80\0\0\0\0";
    struct group *g = b->group;
    if (event->id.ms != 0)
        b->id = event->id;
    switch (event->kind) {
    case EVENT_MESSAGE:
        browser_on_message(b, event, now_ns);
        break;
    case EVENT_CURSOR:
        if (!g->options.is_websocket)
            browser_on_listening(b);
        break;
    case EVENT_HELLO:
        if (g->options.has_frames)
            browser_subscribe_by_frames(b);
        break;
    case EVENT_SUBSCRIBED:
        if (++b->subscribed == (g->options.pattern[0] ? 1 : g->options.each))
            browser_on_listening(b);
        break;
    case EVENT_GAP:
        g->gaps++;
        b->is_gap_told = true;
        break;
    case EVENT_PING:
        if (event->is_frame_ping)
            send(b->fd, pong_frame, sizeof pong_frame - 1, MSG_NOSIGNAL);
        else
            browser_say_frame(b, "{\"type\":\"pong\"}", 15);
        break;
    case EVENT_CLOSE:
        g->ended++;
        if (event->data_length >= 2)
            g->close_code = (uint32_t)((unsigned char)event->data[0] << 8 | (unsigned char)event->data[1]);
        break;
    case EVENT_OTHER:
        break;
    }
}

static const char *browser_on_head(struct browser *b, const char *data, const char *end)
{
    bool is_websocket = b->group->options.is_websocket;
    const char *head_end = memmem(data, (size_t)(end - data), "\r\n\r\n", 4);
    if (!head_end)
        return data;
    bool ok = strncmp(data, is_websocket ? "HTTP/1.1 101" : "HTTP/1.1 200", 12) == 0;
    if (ok && is_websocket)
        ok = memmem(data, (size_t)(head_end - data), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28);
    if (!ok) {
        browser_on_end(b);
        return end;
    }
    browser_enter(b, BROWSER_ANSWERED);
    return head_end + 4;
}

static const char *browser_take_events(struct browser *b, const char *at, const char *end)
{
    size_t (*take)(const char *, const char *, struct event *) =
        b->group->options.is_websocket ? wire_ws_take : wire_sse_take;
    uint64_t now_ns = clock_ns();
    struct event event;
    size_t length;
    while (b->fd >= 0 && at < end && (length = take(at, end, &event)) != 0) {
        browser_on_event(b, &event, now_ns);
        at += length;
    }
    return at;
}

static void browser_keep(struct browser *b, const char *data, size_t length)
{
    if (length == 0) {
        free(b->kept);
        b->kept = NULL;
    } else {
        b->kept = room_for(b->kept, length, 1);
        memcpy(b->kept, data, length);
    }
    b->kept_length = (uint32_t)length;
}

/* One read. True: there may be more. */
static bool browser_read_some(struct browser *b, size_t most)
{
    size_t kept = b->kept_length;
    ssize_t n = recv(b->fd, browser_buffer + kept, most, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0) {
        browser_on_end(b);
        return false;
    }
    if (kept)
        memcpy(browser_buffer, b->kept, kept);
    b->group->bytes += (uint64_t)n;
    const char *at = browser_buffer, *end = browser_buffer + kept + n;
    if (b->state == BROWSER_ASKING)
        at = browser_on_head(b, at, end);
    if (b->state == BROWSER_ANSWERED || b->state == BROWSER_LISTENING)
        at = browser_take_events(b, at, end);
    if (b->fd >= 0 && end - at > KEPT_MAX)
        browser_on_end(b);
    if (b->fd >= 0)
        browser_keep(b, at, (size_t)(end - at));
    return b->fd >= 0 && (size_t)n == most;
}

static void browser_read_all(struct browser *b)
{
    while (browser_read_some(b, BUFFER_BYTES))
        ;
}

void browser_turn(struct browser *b, uint32_t events)
{
    if (b->fd < 0)
        return;
    if (b->state == BROWSER_CONNECTING && events & EPOLLOUT)
        browser_ask(b);
    if (b->fd >= 0 && events & EPOLLIN && !b->is_paused)
        browser_read_all(b);
    if (b->fd >= 0 && events & (b->is_paused ? EPOLLHUP | EPOLLERR : EPOLLHUP | EPOLLERR | EPOLLRDHUP))
        browser_on_end(b);
}

void browser_pause(struct browser *b)
{
    b->is_paused = b->fd >= 0;
}

/* For what arrived meanwhile there will be no more edge, so read it now. */
void browser_resume(struct browser *b)
{
    b->is_paused = false;
    if (b->fd >= 0)
        browser_read_all(b);
}

void browser_sip(struct browser *b, size_t bytes)
{
    if (b->fd >= 0)
        browser_read_some(b, bytes);
}

void browser_speak(struct browser *b, const char *text, size_t length)
{
    if (b->state != BROWSER_LISTENING || !b->group->options.is_websocket)
        return;
    char frame[PAYLOAD_MAX + 160];
    int frame_length =
        snprintf(frame, sizeof frame, "{\"type\":\"publish\",\"channel\":\"" CHANNEL_NAME "\",\"data\":\"%.*s\"}",
                 browser_first_channel(b), (int)length, text);
    browser_say_frame(b, frame, (size_t)frame_length);
}

uint64_t browser_owed(const struct browser *b)
{
    uint64_t owed = 0;
    for (uint32_t i = 0; i < b->group->options.each; i++) {
        uint32_t said = ledger_said(browser_first_channel(b) + i);
        if (b->next[i] != NEXT_UNKNOWN && b->next[i] < said)
            owed += said - b->next[i];
    }
    return owed;
}
