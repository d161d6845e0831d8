/*
 * sockets.c - socket, bind, listen; once to find out whether the port is free, then for each worker.
 *
 * Sockets that all set SO_REUSEPORT share a port, even with those of another instance of the same user. That would hide
 * that a second one was started by mistake. So the port is first bound without it, which fails if any socket listens.
 *
 * "::" is one socket for both families (RFC 3493 5.3), whatever net.ipv6.bindv6only is set to.
 */
#include "sockets.h"

#include "address.h"
#include "base/log.h"
#include "config.h"
#include "http/http.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int sockets_set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value);
}

/*
 * A bound socket, or -1 and errno. With SO_REUSEADDR, connections of an earlier run that still linger are no obstacle,
 * but a socket that listens is.
 */
static int sockets_bind(const struct address *address, bool is_shared)
{
    int fd = socket(address->at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    sockets_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (address->at.any.sa_family == AF_INET6)
        sockets_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if ((!is_shared || sockets_set(fd, SOL_SOCKET, SO_REUSEPORT, 1) == 0) &&
        bind(fd, &address->at.any, address->len) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static bool sockets_is_free(const struct address *address)
{
    int fd = sockets_bind(address, false);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool sockets_add(struct sockets *sockets, const struct address *address)
{
    int fd = sockets_bind(address, true);
    if (fd < 0)
        return false;
    sockets->fds[sockets->count++] = fd;
    http_prepare(fd);
    return listen(fd, SOMAXCONN) == 0;
}

/* false: errno says why; some sockets may be open. */
static bool sockets_open_at(struct sockets *sockets, const struct address *address, unsigned count)
{
    bool is_open = sockets_is_free(address);
    while (is_open && sockets->count < count)
        is_open = sockets_add(sockets, address);
    return is_open;
}

static const char *sockets_hint(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "another program, perhaps another redis-bridge, uses this port; stop it or set PORT";
    case EACCES:
        return "ports below 1024 need root; set PORT";
    case EADDRNOTAVAIL:
        return "this machine has no such address; set BRIDGE_HOST";
    default:
        return "";
    }
}

bool sockets_open(struct sockets *sockets, const struct config *config, unsigned count)
{
    struct address address = address_of(config->host, (unsigned)config->port);
    *sockets = (struct sockets){0};
    CHECK(count <= BOARD_WORKERS_MAX);
    bool is_open = sockets_open_at(sockets, &address, count);
    if (!is_open && errno == EAFNOSUPPORT && strcmp(config->host, "::") == 0) { /* a kernel without IPv6 */
        address = address_of("0.0.0.0", (unsigned)config->port);
        is_open = sockets_open_at(sockets, &address, count);
    }
    if (is_open)
        return true;
    int error = errno;
    log_error("cannot_listen", "host=%s port=%u error=\"%s\" hint=\"%s\"", config->host, (unsigned)config->port,
              strerror(error), sockets_hint(error));
    sockets_close(sockets);
    return false;
}

int sockets_keep(struct sockets *sockets, unsigned worker)
{
    CHECK(worker < sockets->count);
    int fd = sockets->fds[worker];
    sockets->fds[worker] = -1;
    sockets_close(sockets);
    return fd;
}

void sockets_close(struct sockets *sockets)
{
    for (unsigned i = 0; i < sockets->count; i++)
        if (sockets->fds[i] >= 0)
            close(sockets->fds[i]);
    sockets->count = 0;
}
