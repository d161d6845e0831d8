/*
 * inbox.h - records what other programs add to the stream `<prefix>inbox`, in order, each entry once.
 *
 * Story     One atomic function moves entries from the inbox into the logs, so it does not matter which process calls
 *           it, nor how often. The holder of the seat does, on a separate connection, because it blocks there to wait
 *           for new entries.
 */
#ifndef RECORDER_INBOX_H
#define RECORDER_INBOX_H

#include "base/check.h"

#include <stdbool.h>
#include <stdint.h>

struct inbox;
struct loop;
struct recorder_config;

/* `config` is borrowed. NULL: no memory. */
MUST_CHECK struct inbox *inbox_new(struct loop *loop, const struct recorder_config *config);
void inbox_free(struct inbox *inbox);

/* true: record what is in the inbox from now on; false: stop after the call in flight. */
void inbox_serve(struct inbox *inbox, bool serves);

/* Make its connection anew: what it leads to has become a replica. */
void inbox_reconnect(struct inbox *inbox);

struct inbox_count {
    uint64_t recorded; /* entries */
    uint64_t rejected; /* entries that can't be published */
};
const struct inbox_count *inbox_count(const struct inbox *inbox);

#endif
