/*
 * sockets.h - the listening sockets of an instance: one for each worker.
 *
 * Story     They are opened before any worker starts, and the supervisor keeps them open, so they outlive each worker.
 *           The kernel distributes connections evenly over all of them. If a worker is not running, connections wait in
 *           its socket's queue, in the kernel, until the next worker with the same number accepts them.
 * Promise   Their port is not shared with a program that was listening before. The options that connections inherit
 *           are set.
 * Owns      the descriptors; a child process has copies of its own.
 */
#ifndef APP_SOCKETS_H
#define APP_SOCKETS_H

#include "base/check.h"
#include "board.h"

#include <stdbool.h>

struct config;

struct sockets {
    unsigned count;
    int fds[BOARD_WORKERS_MAX]; /* -1: returned by sockets_keep() */
};

/* Listen on `count` sockets. false: none is open, and the log says why, and what to change. */
MUST_CHECK bool sockets_open(struct sockets *sockets, const struct config *config, unsigned count);

/* Return the socket of this worker, and close the others. Called in the worker's own process. */
int sockets_keep(struct sockets *sockets, unsigned worker);

/* Close all. A socket that no other process holds stops listening, and connections that wait in it are reset. */
void sockets_close(struct sockets *sockets);

#endif
