/*
 * config.h - what a recorder is born with.
 */
#ifndef RECORDER_CONFIG_H
#define RECORDER_CONFIG_H

#include "words/glob.h"

#include <stdint.h>

struct redis_config;

#define RECORDER_LEAVE_MS 800 /* so long it may take to leave, before the deadline of an answer is waited for */

struct recorder_config {
    const struct redis_config *redis;  /* borrowed for the recorder's life */
    const struct glob_list *channels;  /* whose plain messages are recorded; borrowed */
    const struct glob_list *ephemeral; /* but not these; borrowed */
    uint64_t lease_ms;
};

#endif
