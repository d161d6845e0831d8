/*
 * eviction.h - warns if Redis may delete history early. Asks when the connection comes up, and then once a minute.
 */
#ifndef RECORDER_EVICTION_H
#define RECORDER_EVICTION_H

#include "base/check.h"

#include <stdbool.h>

struct caller;
struct loop;
struct timer;

struct eviction {
    struct caller *caller; /* borrowed */
    struct timer *timer;
    bool is_warned; /* Redis evicts, which was logged */
};

/* false: no memory. */
MUST_CHECK bool eviction_init(struct eviction *eviction, struct loop *loop, struct caller *caller);
void eviction_fini(struct eviction *eviction);
void eviction_on_caller_up(struct eviction *eviction);

#endif
