/*
 * ear.h - which of the plain messages that are heard count, and so have an ordinal.
 *
 * Promise   All who hear the same and were born with the same settings count the same messages, in the same order. What a
 *           setting of one instance alone decides (BRIDGE_MAX_PAYLOAD) is recorded or not, but counts.
 */
#ifndef RECORDER_EAR_H
#define RECORDER_EAR_H

#include "words/glob.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct announcement;
struct heard;
struct redis_config;

struct ear {
    const struct redis_config *redis;
    const struct glob_list *channels;  /* whose plain messages count */
    const struct glob_list *ephemeral; /* but not these */
    bool expects_echo;                 /* if the next plain message is the echo, it is in the log already */
    char echo_channel[CHANNEL_LEN_MAX];
    size_t echo_channel_len;
    size_t echo_payload_len;
};

/* A hash of the settings that decide what counts: equal for those who count alike. */
uint64_t ear_filter_hash(const struct ear *ear);

/* An announcement was heard on live. */
void ear_hear_live(struct ear *ear, const struct announcement *announcement);
/* A plain message was heard: does it count? */
bool ear_counts(struct ear *ear, const struct heard *heard);
/* What came before is not known: no echo is expected. */
void ear_begin(struct ear *ear);

#endif
