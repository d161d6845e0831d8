/*
 * acceptor.h - lets in who knocks at a listening socket that somebody else has made.
 *
 * Story     A turn of the loop in which somebody waits lets in some of them, and the next turn goes on: a crowd that
 *           comes at once does not hold up those who are in. While it is paused, or the system has no descriptor to
 *           give, they wait in the kernel; nobody is refused for that.
 * Promise   Each is given once, in the order in which they came, with a descriptor that does not block and is closed
 *           on exec.
 * Owns      its copy of the socket. Another process that holds the socket, too, may accept from it later.
 * Borrows   the loop.
 */
#ifndef HTTP_ACCEPTOR_H
#define HTTP_ACCEPTOR_H

#include "base/check.h"

#include <stdbool.h>
#include <stdint.h>

struct acceptor;
struct loop;
struct sockaddr;

/* Somebody has come. The descriptor is yours, the address until you return. You may pause the acceptor, not free it. */
typedef void (*acceptor_fn)(void *arg, int fd, const struct sockaddr *peer);

/* Of a socket that is to listen, before it does: what its connections inherit, so that none needs a call for it. */
void acceptor_prepare(int fd);

/* Takes the socket, which does not block, also where it fails. NULL: no memory. */
MUST_CHECK struct acceptor *acceptor_new(struct loop *loop, int fd, acceptor_fn fn, void *arg);

void acceptor_pause(struct acceptor *acceptor);
void acceptor_resume(struct acceptor *acceptor);
bool acceptor_is_paused(const struct acceptor *acceptor);

/* In the next turn all who wait are let in, paused or not; then the socket is closed, and nobody comes any more. */
void acceptor_shut(struct acceptor *acceptor);
bool acceptor_is_shut(const struct acceptor *acceptor);

/* How many have come. */
uint64_t acceptor_count(const struct acceptor *acceptor);

void acceptor_free(struct acceptor *acceptor);

#endif
