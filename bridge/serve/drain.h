/*
 * drain.h - shutting down in order: accept nothing new, end every stream, answer the requests in flight.
 */
#ifndef SERVE_DRAIN_H
#define SERVE_DRAIN_H

#include <stdint.h>

struct server;

/* Call it once. fn is called from the loop when nothing is left to do; after `within_ms` at the latest. */
void drain_begin(struct server *server, uint64_t within_ms, void (*fn)(void *arg), void *arg);
/* Call it once per loop turn: if nothing is left to do, it lets the loop call fn. */
void drain_check(struct server *server);
void drain_free(struct server *server);

#endif
