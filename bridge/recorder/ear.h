/*
 * ear.h - the filter that decides which of the received plain messages count, and so get an ordinal.
 *
 * Promise   All nodes that receive the same messages and have the same settings count the same ones, in the same order.
 *           A setting that may differ between instances (BRIDGE_MAX_PAYLOAD) can keep a message from being recorded,
 *           but not from counting.
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
    const struct glob_list *channels;  /* plain messages on these count */
    const struct glob_list *ephemeral; /* except on these */
    bool expects_echo;                 /* if the next plain message is the echo, it is already in the log */
    char echo_channel[CHANNEL_LEN_MAX];
    size_t echo_channel_len;
    size_t echo_payload_len;
};

/* A hash of the settings that decide what counts: equal if two instances count the same messages. */
uint64_t ear_filter_hash(const struct ear *ear);

/* An announcement arrived on live. */
void ear_hear_live(struct ear *ear, const struct announcement *announcement);
/* A plain message arrived, perhaps an echo or a copy: does it count? */
bool ear_counts(struct ear *ear, const struct heard *heard);
/* Expect no echo: what came before is unknown, or its echo will not come. */
void ear_begin(struct ear *ear);

#endif
