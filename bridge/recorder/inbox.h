/*
 * inbox.h - what others added to the stream `<prefix>inbox` is recorded, in order, each entry once.
 *
 * Story     One function takes entries out of the inbox and into the logs, so it does not matter who calls it, nor how
 *           often. The holder of the seat does, on a connection of its own, as it waits there for what comes.
 */
#ifndef RECORDER_INBOX_H
#define RECORDER_INBOX_H

#include "base/check.h"

#include <stdbool.h>
#include <stdint.h>

struct inbox;
struct loop;
struct recorder_config;

MUST_CHECK struct inbox *inbox_new(struct loop *loop, const struct recorder_config *config);
void inbox_free(struct inbox *inbox);

/* Empty it from now on, or leave it to somebody else. */
void inbox_serve(struct inbox *inbox, bool serves);

struct inbox_count {
    uint64_t recorded; /* entries */
    uint64_t rejected; /* entries that can't be published */
};
const struct inbox_count *inbox_count(const struct inbox *inbox);

#endif
