/*
 * No client is refused when a worker dies, since the supervisor holds its socket too; "port in use" is reported before
 * anything starts; and connections inherit the socket options that they need.
 */
#include "sockets.h"

#include "address.h"
#include "cmocka_all.h"
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

static char any[] = "::", any_v4[] = "0.0.0.0", local[] = "127.0.0.1";

/* A config with a free port of this machine. */
static struct config config_at(char *host)
{
    struct address address = address_of("0.0.0.0", 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, &address.at.any, address.len), 0);
    assert_int_equal(getsockname(fd, &address.at.any, &address.len), 0);
    close(fd);
    return (struct config){.host = host, .port = ntohs(address.at.v4.sin_port)};
}

/* A connected socket, or -1 and errno. */
static int knock(const struct config *config, const char *host)
{
    struct address address = address_of(host, (unsigned)config->port);
    int fd = socket(address.at.any.sa_family, SOCK_STREAM, 0);
    if (connect(fd, &address.at.any, address.len) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

/* Accept the connection that arrived at one of these sockets. */
static int let_in(const struct sockets *sockets)
{
    struct pollfd waiting[BOARD_WORKERS_MAX];
    for (unsigned i = 0; i < sockets->count; i++)
        waiting[i] = (struct pollfd){.fd = sockets->fds[i], .events = POLLIN};
    assert_int_equal(poll(waiting, sockets->count, 10000), 1);
    for (unsigned i = 0; i < sockets->count; i++)
        if (waiting[i].revents)
            return accept(sockets->fds[i], NULL, NULL);
    return -1;
}

static void each_worker_has_one_for_all_families(void **state)
{
    struct config config = config_at(any);
    struct sockets sockets;
    (void)state;
    assert_true(sockets_open(&sockets, &config, 3));
    assert_int_equal(sockets.count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(fcntl(sockets.fds[i], F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(sockets.fds[i], F_GETFD) & FD_CLOEXEC);
    }
    int client = knock(&config, "127.0.0.1");
    assert_true(client >= 0);
    close(let_in(&sockets));
    close(client);
    client = knock(&config, "::1");
    if (client >= 0)
        close(let_in(&sockets));
    else
        assert_int_not_equal(errno, ECONNREFUSED); /* a machine without IPv6 */
    close(client);
    sockets_close(&sockets);
}

static void connections_inherit_what_they_need(void **state)
{
    struct config config = config_at(local);
    struct sockets sockets;
    (void)state;
    assert_true(sockets_open(&sockets, &config, 1));
    int client = knock(&config, "127.0.0.1"), fd = let_in(&sockets);
    assert_int_equal(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    assert_int_equal(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 10);
    assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
    assert_int_equal(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 90000);
    assert_int_equal(option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 256 * 1024);
    close(fd);
    close(client);
    sockets_close(&sockets);
}

static void a_port_in_use_is_not_shared(void **state)
{
    struct config config = config_at(any), elsewhere;
    struct sockets sockets, other;
    (void)state;
    assert_true(sockets_open(&sockets, &config, 2));
    assert_false(sockets_open(&other, &config, 2));
    config.host = local;
    assert_false(sockets_open(&other, &config, 1));
    config.host = any_v4;
    assert_false(sockets_open(&other, &config, 1));
    elsewhere = config_at(local);
    assert_true(sockets_open(&other, &elsewhere, 1));
    sockets_close(&other);
    sockets_close(&sockets);
    assert_true(sockets_open(&other, &config, 2));
    sockets_close(&other);
}

/* Even while connections of the previous run are still open, or in TIME_WAIT. */
static void a_port_that_was_in_use_is_free(void **state)
{
    struct config config = config_at(any);
    struct sockets sockets, next;
    (void)state;
    assert_true(sockets_open(&sockets, &config, 2));
    int client = knock(&config, "127.0.0.1"), fd = let_in(&sockets);
    sockets_close(&sockets);
    assert_true(sockets_open(&next, &config, 2));
    sockets_close(&next);
    close(fd);
    close(client);
    assert_true(sockets_open(&next, &config, 2));
    sockets_close(&next);
}

static void a_worker_keeps_its_own_alone(void **state)
{
    struct config config = config_at(local);
    struct sockets sockets;
    (void)state;
    assert_true(sockets_open(&sockets, &config, 3));
    int own = sockets.fds[1], other = sockets.fds[2];
    assert_int_equal(sockets_keep(&sockets, 1), own);
    assert_int_equal(fcntl(other, F_GETFD), -1);
    for (unsigned i = 0; i < 20; i++) { /* no connection is dealt to a closed socket */
        int client = knock(&config, "127.0.0.1");
        assert_true(client >= 0);
        int fd = accept(own, NULL, NULL);
        assert_true(fd >= 0);
        close(fd);
        close(client);
    }
    close(own);
    assert_int_equal(knock(&config, "127.0.0.1"), -1);
    assert_int_equal(errno, ECONNREFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_worker_has_one_for_all_families), cmocka_unit_test(connections_inherit_what_they_need),
        cmocka_unit_test(a_port_in_use_is_not_shared),          cmocka_unit_test(a_port_that_was_in_use_is_free),
        cmocka_unit_test(a_worker_keeps_its_own_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
