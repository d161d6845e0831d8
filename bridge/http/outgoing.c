/*
 * outgoing.c - socket options, and TCP_INFO of tcp(7): from the kernel's own header, since libc's has only the first
 * half of the struct, and the two can't be included together.
 */
#include "outgoing.h"

#include "base/log.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#define UNSENT_MAX (256 * 1024)
#define KNOWN_UP_TO (offsetof(struct tcp_info, tcpi_notsent_bytes) + sizeof(uint32_t))

void outgoing_limit(int listener)
{
    int bytes = UNSENT_MAX;
    if (setsockopt(listener, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes) != 0)
        log_warn("unsent_limit", "error=\"%s\" hint=\"without TCP_NOTSENT_LOWAT slow browsers use more kernel memory\"",
                 strerror(errno));
}

bool outgoing_progress(int fd, struct progress *out)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || size < KNOWN_UP_TO)
        return false;
    out->taken = (uint32_t)info.tcpi_bytes_acked;
    out->is_waiting = info.tcpi_notsent_bytes > 0;
    out->is_under_way = info.tcpi_unacked > 0 || out->is_waiting;
    return true;
}

void outgoing_drop(int fd)
{
    struct linger none = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}
