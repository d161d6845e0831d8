/*
 * sockets.h - the listening sockets of an instance: one for each worker.
 *
 * Story     They are made before any worker, and held by who starts workers, so that they outlive each of them. Whoever
 *           connects while a worker is away waits in its socket, in the kernel, until the next one with the same number
 *           accepts. The kernel deals connections to all of them alike.
 * Promise   None of them is shared with a program that was there before. What each connection is to inherit is set.
 * Owns      the descriptors; a child has copies of its own.
 */
#ifndef APP_SOCKETS_H
#define APP_SOCKETS_H

#include "base/check.h"
#include "board.h"

#include <stdbool.h>

struct config;

struct sockets {
    unsigned count;
    int fds[BOARD_WORKERS_MAX]; /* -1: given away */
};

/* Listen on `count` sockets. false: none is open, and the log says why, and what to change. */
MUST_CHECK bool sockets_open(struct sockets *sockets, const struct config *config, unsigned count);

/* Give the one of this worker, and close the others. For the process that is this worker. */
int sockets_keep(struct sockets *sockets, unsigned worker);

/* Close all. One that no other process holds listens no more: whoever waits in it is reset. */
void sockets_close(struct sockets *sockets);

#endif
