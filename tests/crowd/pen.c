/*
 * pen.c - sends commands, and counts replies. A reply is a line, with a body if the line is "$<length>".
 */
#include "pen.h"

#include "ledger.h"
#include "pace.h"
#include "payload.h"
#include "reply.h"
#include "room.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { PUSHED_PER_TURN = 256, IN_BYTES = 64 * 1024 };
#define SETTLED_NS 200000000u /* a plain PUBLISH is recorded within this */

static struct {
    int fd;
    struct pen_order order;
    struct pace pace;
    char *out;
    size_t out_length, out_capacity;
    char in[IN_BYTES];
    size_t in_length;
    uint64_t asked, answered, errors, answered_ns;
} pen = {.fd = -1};

bool pen_open(int port, int epoll_fd, void *tag)
{
    struct sockaddr_in there = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = tag};
    int one = 1;
    pen.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (pen.fd < 0 || connect(pen.fd, (struct sockaddr *)&there, sizeof there))
        return false;
    setsockopt(pen.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, pen.fd, &event) == 0;
}

void pen_say(const struct pen_order *order, uint64_t now_ns)
{
    pen.order = *order;
    pace_start(&pen.pace, order->count, order->rate, now_ns);
}

void pen_hush(void)
{
    pen.pace.total = pen.pace.done;
}

static void pen_push_one(void)
{
    static char payload[PAYLOAD_MAX];
    const struct pen_order *o = &pen.order;
    uint32_t channel = o->first + (uint32_t)(pen.pace.done++ % o->channels);
    char name[32], head[128];
    int name_length = snprintf(name, sizeof name, CHANNEL_NAME, channel);
    int head_length =
        o->is_fcall
            ? snprintf(head, sizeof head,
                       "*5\r\n$5\r\nFCALL\r\n$14\r\nbridge_publish\r\n$1\r\n1\r\n$%d\r\n%s\r\n$%u\r\n", name_length,
                       name, o->size)
            : snprintf(head, sizeof head, "*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%s\r\n$%u\r\n", name_length, name, o->size);
    size_t length = (size_t)head_length + o->size + 2;
    if (pen.out_length + length > pen.out_capacity) {
        pen.out_capacity = (pen.out_length + length) * 2;
        pen.out = room_for(pen.out, pen.out_capacity, 1);
    }
    payload_write(payload, o->size,
                  &(struct payload){.channel = channel, .sequence = ledger_say(channel), .said_ns = clock_ns()});
    char *at = pen.out + pen.out_length;
    memcpy(at, head, (size_t)head_length);
    memcpy(at + head_length, payload, o->size);
    memcpy(at + head_length + o->size, "\r\n", 2);
    pen.out_length += length;
    pen.asked++;
}

static void pen_lost(const char *why)
{
    fprintf(stderr, "crowd: the connection to Redis is lost: %s\n", why);
    exit(1);
}

static void pen_write_out(void)
{
    ssize_t n = send(pen.fd, pen.out, pen.out_length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN)
        pen_lost(strerror(errno));
    if (n > 0) {
        pen.out_length -= (size_t)n;
        memmove(pen.out, pen.out + n, pen.out_length);
    }
}

static void pen_read_replies(uint64_t now_ns)
{
    ssize_t n = recv(pen.fd, pen.in + pen.in_length, sizeof pen.in - pen.in_length, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        pen_lost(n < 0 ? strerror(errno) : "closed");
    pen.in_length += (size_t)n;
    const char *at = pen.in, *end = pen.in + pen.in_length;
    for (size_t length; at < end && (length = reply_length(at, end)) != 0; at += length) {
        pen.answered++;
        if (at[0] == '-' && pen.errors++ == 0)
            fprintf(stderr, "crowd: Redis says %.*s\n", (int)strcspn(at, "\r\n"), at);
    }
    pen.in_length = (size_t)(end - at);
    memmove(pen.in, at, pen.in_length);
    pen.answered_ns = now_ns;
}

bool pen_turn(uint64_t now_ns)
{
    uint64_t under_way = pen.asked - pen.answered;
    uint64_t room = pen.order.window > under_way ? pen.order.window - under_way : 0;
    for (uint64_t due = pace_due(&pen.pace, now_ns, room < PUSHED_PER_TURN ? room : PUSHED_PER_TURN); due > 0; due--)
        pen_push_one();
    if (pen.out_length)
        pen_write_out();
    if (pen.answered != pen.asked)
        pen_read_replies(now_ns);
    return !pace_is_over(&pen.pace) || pen.answered != pen.asked;
}

bool pen_is_quiet(uint64_t now_ns)
{
    uint64_t settled_ns = pen.order.is_fcall ? 0 : SETTLED_NS;
    return pace_is_over(&pen.pace) && pen.answered == pen.asked && now_ns - pen.answered_ns >= settled_ns;
}

void pen_print(FILE *out, uint64_t now_ns)
{
    fprintf(out, "{\"answered\":%llu,\"errors\":%llu,\"is_quiet\":%s}", (unsigned long long)pen.answered,
            (unsigned long long)pen.errors, pen_is_quiet(now_ns) ? "true" : "false");
}
