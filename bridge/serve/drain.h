/*
 * drain.h - leaving in order: no newcomers, an end for every stream, answers for what was asked.
 */
#ifndef SERVE_DRAIN_H
#define SERVE_DRAIN_H

struct transport;

/* Is everything said and done? Once per turn of the loop. */
void drain_check(struct transport *transport);
void drain_free(struct transport *transport);

#endif
