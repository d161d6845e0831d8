/*
 * acceptor.c - accept4(2), a limited number of times per turn.
 *
 *     OPEN ◄── acceptor_resume, acceptor_pause ──► PAUSED
 *      │  ◄── acceptor_on_timer, acceptor_rest ──► RESTING
 *      └── acceptor_shut, from any of them ──► SHUTTING ── acceptor_on_timer: acceptor_close ──► SHUT
 *
 *     OPEN       the socket is watched
 *     PAUSED     the owner wants no more connections for now
 *     RESTING    the system has no free descriptor or memory; trying again at once would spin
 *     SHUTTING   the loop is about to remove the socket from epoll
 *     SHUT       the socket is closed
 *
 * The trap   epoll watches the open file description, not the descriptor, and that stays open while another process
 *            has a copy. If the descriptor were closed before libevent has removed it from epoll (it does so when the
 *            next turn begins), it could never be removed, and would wake the loop forever. So there is a turn between
 *            the end of watching and the close.
 */
#include "acceptor.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "outgoing.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_PER_TURN 32
#define ACCEPTS_AT_LAST (16 * 1024) /* more than a listen queue holds; new connections can't delay the close forever */
#define REST_MS 100
#define SAY_EVERY_MS 10000
#define TCP_IDLE_S 60
#define TCP_PROBES 3
#define TCP_PROBE_INTERVAL_S 10

enum acceptor_state { ACCEPTOR_OPEN, ACCEPTOR_PAUSED, ACCEPTOR_RESTING, ACCEPTOR_SHUTTING, ACCEPTOR_SHUT };

struct acceptor {
    enum acceptor_state state;
    int fd;
    struct watch *watch;
    struct timer *timer; /* ends RESTING or SHUTTING */
    uint64_t said_ms;    /* when cannot_accept was last logged; 0: never */
    uint64_t count;
    acceptor_fn fn;
    void *arg;
};

static void acceptor_enter(struct acceptor *acceptor, enum acceptor_state state)
{
    if (state == ACCEPTOR_OPEN)
        watch_start(acceptor->watch);
    else if (acceptor->state == ACCEPTOR_OPEN)
        watch_stop(acceptor->watch);
    acceptor->state = state;
}

/* --- accepting ---------------------------------------------------------------------------------------------------- */

static void acceptor_say_short(struct acceptor *acceptor, int error)
{
    if (clock_is_due(&acceptor->said_ms, SAY_EVERY_MS))
        log_warn("cannot_accept", "error=\"%s\" hint=\"new connections wait in the listen queue\"", strerror(error));
}

static void acceptor_rest(struct acceptor *acceptor)
{
    if (acceptor->state != ACCEPTOR_OPEN)
        return;
    acceptor_enter(acceptor, ACCEPTOR_RESTING);
    timer_start(acceptor->timer, REST_MS);
}

/* Accept one connection. false: none is waiting, or the system lacks a descriptor or memory. */
static bool acceptor_take(struct acceptor *acceptor)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    int fd = accept4(acceptor->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        acceptor->count++;
        acceptor->fn(acceptor->arg, fd, (struct sockaddr *)&peer);
        return true;
    }
    switch (errno) {
    case EAGAIN:
        return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        acceptor_say_short(acceptor, errno);
        acceptor_rest(acceptor);
        return false;
    default: /* an error of this connection: aborted, or a network error (accept(2)) */
        CHECK(errno != EBADF && errno != EINVAL && errno != ENOTSOCK);
        return true;
    }
}

static void acceptor_on_ready(void *arg)
{
    struct acceptor *acceptor = arg;
    for (unsigned i = 0; i < ACCEPTS_PER_TURN && acceptor->state == ACCEPTOR_OPEN; i++)
        if (!acceptor_take(acceptor))
            break;
}

static void acceptor_close(struct acceptor *acceptor)
{
    for (unsigned i = 0; i < ACCEPTS_AT_LAST && acceptor_take(acceptor); i++)
        ;
    close(acceptor->fd);
    acceptor->fd = -1;
    acceptor_enter(acceptor, ACCEPTOR_SHUT);
}

static void acceptor_on_timer(void *arg)
{
    struct acceptor *acceptor = arg;
    if (acceptor->state == ACCEPTOR_RESTING)
        acceptor_enter(acceptor, ACCEPTOR_OPEN);
    else if (acceptor->state == ACCEPTOR_SHUTTING)
        acceptor_close(acceptor);
}

/* --- the owner ---------------------------------------------------------------------------------------------------- */

void acceptor_pause(struct acceptor *acceptor)
{
    if (acceptor->state == ACCEPTOR_OPEN || acceptor->state == ACCEPTOR_RESTING)
        acceptor_enter(acceptor, ACCEPTOR_PAUSED);
}

void acceptor_resume(struct acceptor *acceptor)
{
    if (acceptor->state == ACCEPTOR_PAUSED)
        acceptor_enter(acceptor, ACCEPTOR_OPEN);
}

bool acceptor_is_paused(const struct acceptor *acceptor)
{
    return acceptor->state == ACCEPTOR_PAUSED;
}

void acceptor_shut(struct acceptor *acceptor)
{
    if (acceptor->state >= ACCEPTOR_SHUTTING)
        return;
    acceptor_enter(acceptor, ACCEPTOR_SHUTTING);
    timer_start(acceptor->timer, 0);
}

bool acceptor_is_shut(const struct acceptor *acceptor)
{
    return acceptor->state == ACCEPTOR_SHUT;
}

uint64_t acceptor_count(const struct acceptor *acceptor)
{
    return acceptor->count;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void acceptor_set(int fd, int level, int name, int value)
{
    if (setsockopt(fd, level, name, &value, sizeof value) != 0)
        log_debug("socket_option", "level=%d name=%d error=\"%s\"", level, name, strerror(errno));
}

void acceptor_prepare(int fd)
{
    acceptor_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    acceptor_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, TCP_IDLE_S);
    acceptor_set(fd, IPPROTO_TCP, TCP_KEEPCNT, TCP_PROBES);
    acceptor_set(fd, IPPROTO_TCP, TCP_KEEPINTVL, TCP_PROBE_INTERVAL_S);
    acceptor_set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 1000 * (TCP_IDLE_S + TCP_PROBES * TCP_PROBE_INTERVAL_S));
    acceptor_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    outgoing_limit(fd);
}

struct acceptor *acceptor_new(struct loop *loop, int fd, acceptor_fn fn, void *arg)
{
    struct acceptor *acceptor = calloc(1, sizeof *acceptor);
    if (!acceptor) {
        close(fd);
        return NULL;
    }
    *acceptor = (struct acceptor){.state = ACCEPTOR_PAUSED, .fd = fd, .fn = fn, .arg = arg};
    acceptor->watch = watch_new(loop, fd, acceptor_on_ready, acceptor);
    acceptor->timer = timer_new(loop, acceptor_on_timer, acceptor);
    if (!acceptor->watch || !acceptor->timer) {
        acceptor_free(acceptor);
        return NULL;
    }
    acceptor_enter(acceptor, ACCEPTOR_OPEN);
    return acceptor;
}

void acceptor_free(struct acceptor *acceptor)
{
    if (!acceptor)
        return;
    watch_free(acceptor->watch);
    timer_free(acceptor->timer);
    if (acceptor->fd >= 0)
        close(acceptor->fd);
    free(acceptor);
}
