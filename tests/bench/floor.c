/*
 * floor.c - the least that any server must do to bring Redis pub/sub to browsers.
 *
 * Story     One epoll loop. A browser requests `/events?channel=C` (SSE) or `/ws?channel=C` (WebSocket); the first one
 *           on a channel makes the floor SUBSCRIBE to it. Then, in a loop:
 *
 *             one read from Redis ──► each message encoded once per wire format, appended to its channel's batch
 *                                 ──► one send() per browser of each channel that the read touched
 *
 *           No history, no ids, no heartbeat, no limits, no resume: what a real server costs beyond this is the
 *           price of its promises. It is a yardstick, not a server: do not let real browsers connect to it.
 * Trap      A payload with a line break would need several `data:` lines. The benchmark's payloads have none.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    REQUEST_MAX = 4096,
    EVENTS_MAX = 1024,
    REDIS_READ_BYTES = 256 * 1024, /* a batch comes from one read of at most this much */
    CHANNEL_BUCKETS = 4096,
};

/* --- a growing buffer --------------------------------------------------------------------------------------------- */

struct bytes {
    char *data;
    size_t length, capacity;
};

static void floor_die(const char *what)
{
    perror(what);
    exit(1);
}

/* Make room for `more` bytes and return where they go. */
static char *floor_bytes_reserve(struct bytes *b, size_t more)
{
    if (b->length + more > b->capacity) {
        b->capacity = (b->length + more) * 2;
        b->data = realloc(b->data, b->capacity);
        if (!b->data)
            floor_die("realloc");
    }
    return b->data + b->length;
}

static void floor_bytes_append(struct bytes *b, const void *data, size_t length)
{
    memcpy(floor_bytes_reserve(b, length), data, length);
    b->length += length;
}

/* Remove the first `length` bytes. */
static void floor_bytes_drop(struct bytes *b, size_t length)
{
    b->length -= length;
    memmove(b->data, b->data + length, b->length);
}

/* --- channels and their browsers ---------------------------------------------------------------------------------- */

enum wire { WIRE_SSE, WIRE_WS, WIRE_COUNT };

/* A browser. `channel` is NULL until its request has been answered. */
struct client {
    int fd;
    enum wire wire;
    struct channel *channel;
    size_t place;        /* its index in channel->clients[wire] */
    struct bytes unsent; /* bytes that a full socket buffer did not take; empty except for slow clients */
};

struct channel {
    struct channel *next; /* in its hash bucket */
    struct channel *next_touched;
    bool touched; /* the current batch has a message for it */
    size_t name_length;
    struct client **clients[WIRE_COUNT];
    size_t count[WIRE_COUNT], capacity[WIRE_COUNT];
    struct bytes batch[WIRE_COUNT]; /* the messages of one read, encoded */
    char name[];
};

static struct channel *floor_buckets[CHANNEL_BUCKETS];
static struct channel *floor_touched;
static int epoll_fd, redis_fd, floor_listen_fd;
static struct bytes floor_redis_in;

static uint32_t floor_hash(const char *name, size_t length)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        h = (h ^ (uint8_t)name[i]) * 16777619u;
    return h;
}

static struct channel *floor_channel_find(const char *name, size_t length)
{
    struct channel *c = floor_buckets[floor_hash(name, length) % CHANNEL_BUCKETS];
    while (c && (c->name_length != length || memcmp(c->name, name, length) != 0))
        c = c->next;
    return c;
}

/* SUBSCRIBE is rare and small, so a blocking send does not hold anything up. */
static void floor_redis_subscribe(const struct channel *c)
{
    char command[REQUEST_MAX + 64];
    int n = snprintf(command, sizeof command, "*2\r\n$9\r\nSUBSCRIBE\r\n$%zu\r\n%.*s\r\n", c->name_length,
                     (int)c->name_length, c->name);
    if (send(redis_fd, command, (size_t)n, MSG_NOSIGNAL) != n)
        floor_die("SUBSCRIBE");
}

static struct channel *floor_channel_get(const char *name, size_t length)
{
    struct channel *c = floor_channel_find(name, length);
    if (c)
        return c;
    c = calloc(1, sizeof *c + length);
    if (!c)
        floor_die("calloc");
    memcpy(c->name, name, length);
    c->name_length = length;
    struct channel **bucket = &floor_buckets[floor_hash(name, length) % CHANNEL_BUCKETS];
    c->next = *bucket;
    *bucket = c;
    floor_redis_subscribe(c);
    return c;
}

static void floor_channel_join(struct channel *c, struct client *client)
{
    enum wire w = client->wire;
    if (c->count[w] == c->capacity[w]) {
        c->capacity[w] = c->capacity[w] ? c->capacity[w] * 2 : 4;
        c->clients[w] = realloc(c->clients[w], c->capacity[w] * sizeof(struct client *));
        if (!c->clients[w])
            floor_die("realloc");
    }
    client->channel = c;
    client->place = c->count[w];
    c->clients[w][c->count[w]++] = client;
}

static void floor_channel_leave(struct client *client)
{
    struct channel *c = client->channel;
    struct client *last = c->clients[client->wire][--c->count[client->wire]];
    c->clients[client->wire][client->place] = last;
    last->place = client->place;
    client->channel = NULL;
}

/* --- encoding, once per message and wire format ------------------------------------------------------------------- */

static void floor_encode_sse(struct bytes *out, const char *payload, size_t length)
{
    floor_bytes_append(out, "data: ", 6);
    floor_bytes_append(out, payload, length);
    floor_bytes_append(out, "\n\n", 2);
}

/* RFC 6455 5.2: FIN and opcode 1 (text), then the length in 7, 16 or 64 bits; a server does not mask. */
static void floor_encode_ws(struct bytes *out, const char *payload, size_t length)
{
    unsigned char head[10] = {0x81};
    size_t head_length = 2;
    if (length < 126) {
        head[1] = (unsigned char)length;
    } else if (length < 65536) {
        head[1] = 126;
        head[2] = (unsigned char)(length >> 8);
        head[3] = (unsigned char)length;
        head_length = 4;
    } else {
        head[1] = 127;
        for (int i = 0; i < 8; i++)
            head[2 + i] = (unsigned char)((uint64_t)length >> (56 - 8 * i));
        head_length = 10;
    }
    floor_bytes_append(out, head, head_length);
    floor_bytes_append(out, payload, length);
}

static void floor_on_message(const char *name, size_t name_length, const char *payload, size_t length)
{
    struct channel *c = floor_channel_find(name, name_length);
    if (!c)
        return;
    if (c->count[WIRE_SSE])
        floor_encode_sse(&c->batch[WIRE_SSE], payload, length);
    if (c->count[WIRE_WS])
        floor_encode_ws(&c->batch[WIRE_WS], payload, length);
    if (!c->touched) {
        c->touched = true;
        c->next_touched = floor_touched;
        floor_touched = c;
    }
}

/* --- writing to browsers ------------------------------------------------------------------------------------------ */

static void floor_watch(struct client *client, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = client};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, client->fd, &event);
}

/* The one send. Bytes that the socket does not take wait for EPOLLOUT; a failed socket is closed at its read event. */
static void floor_client_send(struct client *client, const char *data, size_t length)
{
    if (client->unsent.length) {
        floor_bytes_append(&client->unsent, data, length);
        return;
    }
    ssize_t n = send(client->fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n == (ssize_t)length || (n < 0 && errno != EAGAIN))
        return;
    size_t done = n > 0 ? (size_t)n : 0;
    floor_bytes_append(&client->unsent, data + done, length - done);
    floor_watch(client, EPOLLIN | EPOLLOUT);
}

static void floor_client_flush(struct client *client)
{
    ssize_t n = send(client->fd, client->unsent.data, client->unsent.length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0)
        floor_bytes_drop(&client->unsent, (size_t)n);
    if (!client->unsent.length)
        floor_watch(client, EPOLLIN);
}

static void floor_fan_out(void)
{
    for (struct channel *c = floor_touched; c; c = c->next_touched) {
        for (enum wire w = 0; w < WIRE_COUNT; w++) {
            for (size_t i = 0; i < c->count[w]; i++)
                floor_client_send(c->clients[w][i], c->batch[w].data, c->batch[w].length);
            c->batch[w].length = 0;
        }
        c->touched = false;
    }
    floor_touched = NULL;
}

static void floor_client_shut(struct client *client)
{
    if (client->channel)
        floor_channel_leave(client);
    close(client->fd);
    free(client->unsent.data);
    free(client);
}

/* --- Redis: just enough RESP2 for messages ------------------------------------------------------------------------ */

/* Read "<mark><number>\r\n" at *at and step over it. False: incomplete. */
static bool floor_resp_number(const char **at, const char *end, char mark, long *number)
{
    const char *line_end = memchr(*at, '\n', (size_t)(end - *at));
    if (!line_end)
        return false;
    if (**at != mark) {
        fprintf(stderr, "floor: unexpected reply from Redis: %.*s\n", (int)(line_end - *at), *at);
        exit(1);
    }
    *number = strtol(*at + 1, NULL, 10);
    *at = line_end + 1;
    return true;
}

static bool floor_resp_bulk(const char **at, const char *end, const char **data, size_t *length)
{
    long number;
    if (!floor_resp_number(at, end, '$', &number) || end - *at < number + 2)
        return false;
    *data = *at;
    *length = (size_t)number;
    *at += number + 2;
    return true;
}

/* One push: `message <channel> <payload>`, or the reply `subscribe <channel> :<count>`. Steps over it if complete. */
static bool floor_resp_push(const char **at, const char *end)
{
    const char *p = *at, *kind, *name, *payload;
    size_t kind_length, name_length, length;
    long ignored;
    if (p == end || !floor_resp_number(&p, end, '*', &ignored) || !floor_resp_bulk(&p, end, &kind, &kind_length) ||
        !floor_resp_bulk(&p, end, &name, &name_length))
        return false;
    if (kind_length != 7 || memcmp(kind, "message", 7) != 0) {
        if (!floor_resp_number(&p, end, ':', &ignored))
            return false;
    } else {
        if (!floor_resp_bulk(&p, end, &payload, &length))
            return false;
        floor_on_message(name, name_length, payload, length);
    }
    *at = p;
    return true;
}

static void floor_on_redis_readable(void)
{
    char *room = floor_bytes_reserve(&floor_redis_in, REDIS_READ_BYTES);
    ssize_t n = recv(redis_fd, room, REDIS_READ_BYTES, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        floor_die("lost the connection to Redis");
    if (n < 0)
        return;
    floor_redis_in.length += (size_t)n;
    const char *at = floor_redis_in.data, *end = floor_redis_in.data + floor_redis_in.length;
    while (floor_resp_push(&at, end))
        ;
    floor_bytes_drop(&floor_redis_in, (size_t)(at - floor_redis_in.data));
    floor_fan_out();
}

/* --- accepting browsers ------------------------------------------------------------------------------------------- */

static void floor_on_listener_readable(void)
{
    int fd;
    while ((fd = accept4(floor_listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct client *client = calloc(1, sizeof *client);
        if (!client)
            floor_die("calloc");
        client->fd = fd;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
    }
}

/* RFC 6455 4.2.2: base64(SHA-1(key + a fixed GUID)) proves that we speak WebSocket. */
static void floor_websocket_accept(const char *key, size_t key_length, char out[static 29])
{
    unsigned char text[128], digest[SHA_DIGEST_LENGTH];
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    memcpy(text, key, key_length);
    memcpy(text + key_length, guid, sizeof guid - 1);
    SHA1(text, key_length + sizeof guid - 1, digest);
    EVP_EncodeBlock((unsigned char *)out, digest, sizeof digest);
}

static bool floor_answer_websocket(struct client *client, char *request)
{
    static const char name[] = "Sec-WebSocket-Key:";
    char *line = strcasestr(request, name);
    if (!line)
        return false;
    char *key = line + sizeof name - 1;
    key += strspn(key, " ");
    size_t key_length = strcspn(key, " \r");
    if (key_length > 64)
        return false;
    char proof[29], head[256];
    floor_websocket_accept(key, key_length, proof);
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: %s\r\n\r\n",
                     proof);
    client->wire = WIRE_WS;
    floor_client_send(client, head, (size_t)n);
    return true;
}

static bool floor_answer_sse(struct client *client)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n\r\n";
    client->wire = WIRE_SSE;
    floor_client_send(client, head, sizeof head - 1);
    return true;
}

/* Assumes that the whole request arrives in one read, as it does from the benchmark's client. */
static bool floor_client_answer(struct client *client, char *request)
{
    char *name = strstr(request, "channel=");
    if (!name)
        return false;
    name += strlen("channel=");
    struct channel *channel = floor_channel_get(name, strcspn(name, " &"));
    bool ok = strncmp(request, "GET /ws", 7) == 0 ? floor_answer_websocket(client, request) : floor_answer_sse(client);
    if (ok)
        floor_channel_join(channel, client);
    return ok;
}

static void floor_on_client_event(struct client *client, uint32_t events)
{
    if (events & EPOLLOUT)
        floor_client_flush(client);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return;
    char request[REQUEST_MAX];
    ssize_t n = recv(client->fd, request, sizeof request - 1, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        floor_client_shut(client);
        return;
    }
    if (client->channel)
        return; /* the floor ignores what browsers send later (pong, close) */
    request[n] = '\0';
    if (!floor_client_answer(client, request))
        floor_client_shut(client);
}

/* --- start -------------------------------------------------------------------------------------------------------- */

static struct sockaddr_in floor_loopback(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void floor_open_sockets(int port, int redis_port)
{
    struct sockaddr_in here = floor_loopback(port), redis = floor_loopback(redis_port);
    int one = 1;
    floor_listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(floor_listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(floor_listen_fd, (struct sockaddr *)&here, sizeof here) || listen(floor_listen_fd, 4096))
        floor_die("listen");
    redis_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(redis_fd, (struct sockaddr *)&redis, sizeof redis))
        floor_die("connect to Redis");
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &floor_listen_fd};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, floor_listen_fd, &event);
    event.data.ptr = &redis_fd;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, redis_fd, &event);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: bench_floor PORT REDIS_PORT\n");
        return 1;
    }
    floor_open_sockets(atoi(argv[1]), atoi(argv[2]));
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int n = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == &redis_fd)
                floor_on_redis_readable();
            else if (events[i].data.ptr == &floor_listen_fd)
                floor_on_listener_readable();
            else
                floor_on_client_event(events[i].data.ptr, events[i].events);
        }
    }
}
