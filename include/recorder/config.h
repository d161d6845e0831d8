/*
 * config.h - the settings of a recorder.
 */
#ifndef RECORDER_CONFIG_H
#define RECORDER_CONFIG_H

#include "words/glob.h"

#include <stdint.h>

struct redis_config;

#define RECORDER_LEAVE_MS 800 /* how long recorder_leave() tries, not counting the deadline of a call in flight */

struct recorder_config {
    const struct redis_config *redis;  /* borrowed for the recorder's life */
    const struct glob_list *channels;  /* plain messages on these are recorded; borrowed */
    const struct glob_list *ephemeral; /* except on these; borrowed */
    uint64_t lease_ms;                 /* how long a recorder that hangs keeps the seat */
};

#endif
