/*
 * probe.c - connects, sends GET /readyz, prints the answer.
 */
#include "probe.h"

#include "address.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READY_WITHIN_MS 2000

static void probe_limit_waiting(int fd, uint64_t until_ms)
{
    uint64_t now_ms = clock_now_ms(), left_ms = until_ms > now_ms ? until_ms - now_ms : 1;
    struct timeval left = {.tv_sec = (time_t)(left_ms / 1000), .tv_usec = (suseconds_t)(left_ms % 1000 * 1000)};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &left, sizeof left);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &left, sizeof left); /* bounds connect() too */
}

/* A connected socket, or -1. */
static int probe_connect_to(const char *host, const struct config *config, uint64_t until_ms)
{
    struct address address = address_of(host, (unsigned)config->port);
    int fd = socket(address.at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    probe_limit_waiting(fd, until_ms);
    if (connect(fd, &address.at.any, address.len) == 0)
        return fd;
    close(fd);
    return -1;
}

static int probe_connect_to_ours(const struct config *config, uint64_t until_ms)
{
    if (strcmp(config->host, "::") != 0 && strcmp(config->host, "0.0.0.0") != 0)
        return probe_connect_to(config->host, config, until_ms);
    int fd = probe_connect_to("127.0.0.1", config, until_ms);
    return fd >= 0 || strcmp(config->host, "::") != 0 ? fd : probe_connect_to("::1", config, until_ms);
}

/* 200 of "HTTP/1.1 200 OK\r\n"; 0: it is not an HTTP/1 answer. */
static int probe_status_of(struct bytes answer)
{
    struct bytes line = bytes_word(&answer, '\r'), version = bytes_word(&line, ' ');
    uint64_t status;
    if (!bytes_begins(version, "HTTP/1.") || !bytes_number(bytes_word(&line, ' '), 999, &status))
        return 0;
    return (int)status;
}

/* Returns the status of GET /readyz, and fills `answer` with the head and the body; 0: no answer. */
static int probe_ask_ready(int fd, char *answer, size_t size, uint64_t until_ms)
{
    static const char request[] = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    size_t len = 0;
    ssize_t got = 1;
    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)(sizeof request - 1))
        return 0;
    while (got > 0 && len < size - 1 && clock_now_ms() < until_ms) {
        probe_limit_waiting(fd, until_ms);
        got = recv(fd, answer + len, size - 1 - len, 0);
        len += got > 0 ? (size_t)got : 0;
    }
    answer[len] = '\0';
    return probe_status_of((struct bytes){answer, len});
}

bool probe_is_ready(const struct config *config)
{
    uint64_t until_ms = clock_now_ms() + READY_WITHIN_MS;
    char answer[4096];
    int fd = probe_connect_to_ours(config, until_ms), status;
    if (fd < 0) {
        printf("nothing is listening on port %u\n", (unsigned)config->port);
        return false;
    }
    if (*config->tls_cert != '\0') {
        close(fd);
        printf("listening with TLS; readiness is not checked\n");
        return true;
    }
    status = probe_ask_ready(fd, answer, sizeof answer, until_ms);
    close(fd);
    const char *body = status != 0 ? strstr(answer, "\r\n\r\n") : NULL;
    if (status == 0)
        printf("no answer within %d ms\n", READY_WITHIN_MS);
    else
        printf("%d %s\n", status, body ? body + 4 : "");
    return status == 200;
}
