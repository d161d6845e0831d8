/*
 * http.c - starting and ending the room, accepting connections, and what is done once per turn of the loop.
 *
 * The trap   if RLIMIT_NOFILE is above ten million (containers without a limit), lws silently falls back to 2560; below
 *            that it allocates and clears a table with an entry for each descriptor that the limit allows.
 */
#include "http/http.h"

#include "acceptor.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "connection.h"
#include "context.h"
#include "eventlib.h"
#include "pipe.h"
#include "state.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define DESCRIPTORS_SPARE 512 /* beside the connections: requests, Redis, files */
#define DESCRIPTORS_KEPT 64   /* of these, never used for browsers */

/* --- new connections ---------------------------------------------------------------------------------------------- */

/*
 * Set the limit of open files to what the connections need, or allow fewer connections if the system does not permit
 * that. Called before lws is created, which sizes its tables by this limit. The last few descriptors are kept from new
 * connections: Redis needs some, too.
 */
static void http_provide_descriptors(struct http *http)
{
    rlim_t count = (rlim_t)http->config.max_connections + DESCRIPTORS_SPARE;
    struct rlimit limit;
    http->descriptors = UINT_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    if (limit.rlim_max < count) {
        count = limit.rlim_max;
        unsigned room = (unsigned)(count > 2 * DESCRIPTORS_SPARE ? count - DESCRIPTORS_SPARE : count / 2);
        log_warn("open_files_limit",
                 "limit=%llu max_connections=%u hint=\"fewer connections than wanted; raise the limit on open files\"",
                 (unsigned long long)count, room);
        http->config.max_connections = room;
    }
    limit.rlim_cur = count;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        log_warn("open_files_limit", "wanted=%llu error=\"%s\" hint=\"raise the limit on open files\"",
                 (unsigned long long)count, strerror(errno));
    else
        http->descriptors = (unsigned)(count > 2 * DESCRIPTORS_KEPT ? count - DESCRIPTORS_KEPT : count);
}

/* lws takes ownership of the socket, even if it fails. It finds out the peer's address by itself. */
static void http_on_accept(void *arg, int fd, const struct sockaddr *peer)
{
    struct http *http = arg;
    (void)peer;
    lws_adopt_socket_vhost(http->vhost, fd);
    if (eventlib_count(http->eventlib) >= http->descriptors)
        acceptor_pause(http->acceptor);
}

void http_prepare(int fd)
{
    acceptor_prepare(fd);
}

void http_shut(struct http *http)
{
    acceptor_shut(http->acceptor);
}

bool http_is_shut(const struct http *http)
{
    return acceptor_is_shut(http->acceptor);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void http_on_turn_end(void *arg)
{
    struct http *http = arg;
    eventlib_settle(http->eventlib);
    if (acceptor_is_paused(http->acceptor) && eventlib_count(http->eventlib) < http->descriptors)
        acceptor_resume(http->acceptor);
}

static bool http_init(struct http *http, struct loop *loop)
{
    http->pipe = http->config.tls_cert[0] == '\0' ? &pipe_plain : &pipe_tls;
    http->last_number = random_below(UINT64_MAX);
    http->eventlib = eventlib_new(loop, connection_on_wait, connection_on_mute);
    http->acceptor = acceptor_new(loop, http->config.listening, http_on_accept, http);
    if (!http->eventlib || !http->acceptor)
        return false;
    http_provide_descriptors(http);
    return context_init(http);
}

struct http *http_new(struct loop *loop, const struct http_config *config, const struct http_handlers *handlers,
                      void *arg)
{
    struct http *http = calloc(1, sizeof *http);
    if (!http) {
        close(config->listening);
        return NULL;
    }
    http->config = *config;
    http->handlers = handlers;
    http->arg = arg;
    if (!http_init(http, loop)) {
        http_free(http);
        return NULL;
    }
    loop_on_turn_end(loop, http_on_turn_end, http);
    return http;
}

unsigned http_max_connections(const struct http *http)
{
    return http->config.max_connections;
}

unsigned http_exchanges(const struct http *http)
{
    return http->exchanges;
}

unsigned http_silent(const struct http *http)
{
    return eventlib_silent(http->eventlib);
}

void http_free(struct http *http)
{
    if (!http)
        return;
    acceptor_free(http->acceptor);
    if (http->context)
        context_fini(http);
    CHECK(http->exchanges == 0);
    eventlib_free(http->eventlib);
    free(http);
}
