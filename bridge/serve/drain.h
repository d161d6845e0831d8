/*
 * drain.h - leaving in order: no newcomers, an end for every stream, answers for what was asked.
 */
#ifndef SERVE_DRAIN_H
#define SERVE_DRAIN_H

#include <stdint.h>

struct server;

/* Once. fn is called from the loop when all is over; after `within_ms` at the latest. */
void drain_begin(struct server *server, uint64_t within_ms, void (*fn)(void *arg), void *arg);
/* Is everything said and done? Once per turn of the loop. */
void drain_check(struct server *server);
void drain_free(struct server *server);

#endif
