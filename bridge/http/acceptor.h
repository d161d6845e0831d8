/*
 * acceptor.h - accepts connections from a listening socket that the caller has made.
 *
 * Story     Each turn of the loop accepts a limited number of waiting connections, so that many new connections at once
 *           do not hold up the existing ones. While it is paused, or the system has no free descriptor, new connections
 *           wait in the kernel's listen queue; none is refused for that.
 * Promise   Each connection is passed on once, in the order of arrival, with a descriptor that is non-blocking and
 *           closed on exec.
 * Owns      its descriptor of the socket. Another process that has a copy can still accept from it afterwards.
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

/* A connection was accepted. fn owns fd; peer is valid until fn returns. fn may pause the acceptor, but not free it. */
typedef void (*acceptor_fn)(void *arg, int fd, const struct sockaddr *peer);

/* Call it before listen(): sets socket options that accepted connections inherit, which saves the calls for each. */
void acceptor_prepare(int fd);

/* Takes ownership of the socket, even if it fails. The socket must be non-blocking. NULL: no memory. */
MUST_CHECK struct acceptor *acceptor_new(struct loop *loop, int fd, acceptor_fn fn, void *arg);

void acceptor_pause(struct acceptor *acceptor);
void acceptor_resume(struct acceptor *acceptor);
bool acceptor_is_paused(const struct acceptor *acceptor);

/* In the next turn, accept all waiting connections (even if paused, but only while the system has descriptors), then
 * close the socket. */
void acceptor_shut(struct acceptor *acceptor);
bool acceptor_is_shut(const struct acceptor *acceptor);

/* Connections accepted so far. */
uint64_t acceptor_count(const struct acceptor *acceptor);

void acceptor_free(struct acceptor *acceptor);

#endif
