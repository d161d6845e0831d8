/*
 * publisher.c - commands out, replies counted.
 *
 * Replies are parsed only as far as needed to count them and to recognize an error: `-…` from Redis, a status outside
 * 2xx from HTTP.
 */
#include "publisher.h"

#include "reply.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 1024 };

static bool publisher_target_parse(struct publisher *p, const char *target, int *port)
{
    char kind[16];
    int used = 0;
    if (sscanf(target, "%15[a-z]:%d%n", kind, port, &used) != 2)
        return false;
    snprintf(p->path, sizeof p->path, "%s", target + used);
    if (strcmp(kind, "redis") == 0)
        p->kind = PUBLISH_REDIS;
    else if (strcmp(kind, "fcall") == 0)
        p->kind = PUBLISH_FCALL;
    else if (strcmp(kind, "socketio") == 0)
        p->kind = PUBLISH_SOCKETIO;
    else if (strcmp(kind, "http") == 0 && p->path[0] == '/')
        p->kind = PUBLISH_HTTP;
    else
        return false;
    return true;
}

bool publisher_open(struct publisher *p, const char *target)
{
    int port, one = 1;
    memset(p, 0, sizeof *p);
    p->fd = -1;
    if (!publisher_target_parse(p, target, &port)) {
        fprintf(stderr, "load: --publish %s: expected redis:PORT, fcall:PORT, socketio:PORT or http:PORT/path/{c}\n",
                target);
        return false;
    }
    struct sockaddr_in there = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&there, sizeof there)) {
        fprintf(stderr, "load: --publish %s: %s\n", target, strerror(errno));
        return false;
    }
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return true;
}

void publisher_shut(struct publisher *p)
{
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
    free(p->out);
    p->out = NULL;
}

void fill_template(char *out, size_t capacity, const char *template, const char *channel)
{
    const char *hole = strstr(template, "{c}");
    if (hole)
        snprintf(out, capacity, "%.*s%s%s", (int)(hole - template), template, channel, hole + 3);
    else
        snprintf(out, capacity, "%s", template);
}

static void publisher_append(struct publisher *p, const char *data, size_t length)
{
    if (p->out_length + length > p->out_capacity) {
        p->out_capacity = (p->out_length + length) * 2;
        p->out = realloc(p->out, p->out_capacity);
        if (!p->out) {
            perror("load: realloc");
            exit(1);
        }
    }
    memcpy(p->out + p->out_length, data, length);
    p->out_length += length;
}

static const char publisher_emit_end[] = "\"],\"nsp\":\"/\"}}"; /* follows the payload */

/* What the adapter writes for io.to(channel).emit("message", payload): 3 is a broadcast between servers, 2 an event. */
static int publisher_emit_print(char head[static REQUEST_MAX], const char *channel, size_t size)
{
    char data[512];
    int length = snprintf(data, sizeof data,
                          "{\"opts\":{\"rooms\":[\"%s\"],\"except\":[],\"flags\":{}},"
                          "\"packet\":{\"type\":2,\"data\":[\"message\",\"",
                          channel);
    return snprintf(head, REQUEST_MAX,
                    "*14\r\n$4\r\nXADD\r\n$9\r\nsocket.io\r\n$6\r\nMAXLEN\r\n$1\r\n~\r\n$5\r\n10000\r\n$1\r\n*\r\n"
                    "$3\r\nuid\r\n$5\r\nbench\r\n$3\r\nnsp\r\n$1\r\n/\r\n$4\r\ntype\r\n$1\r\n3\r\n"
                    "$4\r\ndata\r\n$%zu\r\n%s",
                    (size_t)length + size + sizeof publisher_emit_end - 1, data);
}

static int publisher_head_print(const struct publisher *p, char head[static REQUEST_MAX], const char *channel,
                                size_t size)
{
    char path[512];
    switch (p->kind) {
    case PUBLISH_REDIS:
        return snprintf(head, REQUEST_MAX, "*3\r\n$7\r\nPUBLISH\r\n$%zu\r\n%s\r\n$%zu\r\n", strlen(channel), channel,
                        size);
    case PUBLISH_FCALL:
        return snprintf(head, REQUEST_MAX,
                        "*5\r\n$5\r\nFCALL\r\n$14\r\nbridge_publish\r\n$1\r\n1\r\n$%zu\r\n%s\r\n$%zu\r\n",
                        strlen(channel), channel, size);
    case PUBLISH_SOCKETIO:
        return publisher_emit_print(head, channel, size);
    case PUBLISH_HTTP:
        fill_template(path, sizeof path, p->path, channel);
        return snprintf(head, REQUEST_MAX, "POST %s HTTP/1.1\r\nHost: bench\r\nContent-Length: %zu\r\n\r\n", path,
                        size);
    }
    return 0;
}

void publisher_push(struct publisher *p, const char *channel, const char *payload, size_t size)
{
    char head[REQUEST_MAX];
    publisher_append(p, head, (size_t)publisher_head_print(p, head, channel, size));
    publisher_append(p, payload, size);
    if (p->kind == PUBLISH_SOCKETIO)
        publisher_append(p, publisher_emit_end, sizeof publisher_emit_end - 1);
    if (p->kind != PUBLISH_HTTP)
        publisher_append(p, "\r\n", 2);
    p->asked++;
}

static void publisher_count_reply(struct publisher *p, const char *text, bool error)
{
    p->answered++;
    if (error && p->errors++ == 0)
        fprintf(stderr, "load: publishing failed: %.*s\n", (int)strcspn(text, "\r\n"), text);
}

/* Count one Redis reply. Returns its length in bytes, 0 if incomplete. */
static size_t publisher_redis_reply(struct publisher *p, const char *text, const char *end)
{
    size_t length = reply_length(text, end);
    if (length > 0)
        publisher_count_reply(p, text, text[0] == '-');
    return length;
}

/* Count one HTTP response with a Content-Length (or none and no body). Returns its length in bytes, 0 if incomplete. */
static size_t publisher_http_reply(struct publisher *p, const char *text, const char *end)
{
    const char *head_end = memmem(text, (size_t)(end - text), "\r\n\r\n", 4);
    if (!head_end)
        return 0;
    static const char name[] = "\r\nContent-Length:";
    size_t length = (size_t)(head_end - text) + 4;
    for (const char *at = text; at < head_end; at++) {
        if (strncasecmp(at, name, sizeof name - 1) == 0)
            length += (size_t)atol(at + sizeof name - 1);
    }
    if (length > (size_t)(end - text))
        return 0;
    publisher_count_reply(p, text, strncmp(text, "HTTP/1.1 2", 10) != 0);
    return length;
}

static void publisher_read_replies(struct publisher *p)
{
    ssize_t n = recv(p->fd, p->in + p->in_length, sizeof p->in - p->in_length - 1, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        p->gone = true;
        return;
    }
    p->in_length += (size_t)n;
    p->in[p->in_length] = '\0';
    const char *at = p->in, *end = p->in + p->in_length;
    size_t length;
    while (at < end && (length = p->kind == PUBLISH_HTTP ? publisher_http_reply(p, at, end)
                                                         : publisher_redis_reply(p, at, end)) != 0)
        at += length;
    p->in_length = (size_t)(end - at);
    memmove(p->in, at, p->in_length);
}

static void publisher_write_commands(struct publisher *p)
{
    ssize_t n = send(p->fd, p->out, p->out_length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
        p->out_length -= (size_t)n;
        memmove(p->out, p->out + n, p->out_length);
    } else if (n < 0 && errno != EAGAIN) {
        p->gone = true;
    }
}

void publisher_turn(struct publisher *p)
{
    if (p->gone)
        return;
    if (p->out_length)
        publisher_write_commands(p);
    if (p->answered != p->asked)
        publisher_read_replies(p);
}
