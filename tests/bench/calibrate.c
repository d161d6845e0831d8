/*
 * calibrate.c - three short loops.
 */
#include "calibrate.h"

#include "traffic.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SPIN_NS = 300000000, GAP_NS = 5000, SYSCALLS = 200000, MESSAGES = 20000, MESSAGE_BYTES = 100 };

/* Reading the clock takes some 30 ns; a step of more than 5 µs means that something else had the processor. */
static double calibrate_stolen_share(void)
{
    uint64_t start = clock_ns(), last = start, stolen = 0;
    while (last - start < SPIN_NS) {
        uint64_t now = clock_ns();
        if (now - last > GAP_NS)
            stolen += now - last;
        last = now;
    }
    return (double)stolen / (double)(last - start);
}

static double calibrate_syscall_cost(void)
{
    uint64_t start = clock_ns();
    for (int i = 0; i < SYSCALLS; i++)
        syscall(SYS_getppid);
    return (double)(clock_ns() - start) / SYSCALLS;
}

/* Two connected sockets of one process: out[0] to send, out[1] to receive. */
static bool calibrate_tcp_pair(int out[static 2])
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof here;
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    out[0] = socket(AF_INET, SOCK_STREAM, 0);
    out[1] = -1;
    if (bind(listener, (struct sockaddr *)&here, length) == 0 && listen(listener, 1) == 0 &&
        getsockname(listener, (struct sockaddr *)&here, &length) == 0 &&
        connect(out[0], (struct sockaddr *)&here, length) == 0)
        out[1] = accept(listener, NULL, NULL);
    close(listener);
    setsockopt(out[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return out[1] >= 0;
}

static bool calibrate_loopback_cost(double *ns)
{
    int sockets[2];
    char bytes[MESSAGE_BYTES] = {0};
    bool ok = calibrate_tcp_pair(sockets);
    uint64_t start = clock_ns();
    for (int i = 0; ok && i < MESSAGES; i++)
        ok = send(sockets[0], bytes, sizeof bytes, MSG_NOSIGNAL) == MESSAGE_BYTES &&
             recv(sockets[1], bytes, sizeof bytes, MSG_WAITALL) == MESSAGE_BYTES;
    *ns = (double)(clock_ns() - start) / MESSAGES;
    close(sockets[0]);
    if (sockets[1] >= 0)
        close(sockets[1]);
    return ok;
}

bool calibrate(struct calibration *c)
{
    c->stolen = calibrate_stolen_share();
    c->syscall_ns = calibrate_syscall_cost();
    return calibrate_loopback_cost(&c->loopback_ns);
}
