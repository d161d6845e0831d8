/*
 * admit.h - may this identity listen to that, or speak there?
 *
 * Promise   Names that begin with the internal prefix are never admitted, whatever the patterns say. What is admitted
 *           is a good name: 1 to 256 bytes of UTF-8 without control characters.
 */
#ifndef ACCESS_ADMIT_H
#define ACCESS_ADMIT_H

#include "base/check.h"
#include "words/glob.h"

struct transport_config;

/* Who asks. Everybody is anonymous so far. */
struct identity {
    const char *name; /* "": anonymous */
};

extern const struct identity identity_anonymous;

struct refusal {
    const char *code;    /* NULL: yes; "bad_channel", "forbidden" */
    const char *message; /* why not, a sentence */
};

/* A channel, or a pattern of channels all of which it may listen to. */
MUST_CHECK struct refusal admit_subscribe(const struct transport_config *config, const struct identity *who,
                                          struct bytes name);
/* One channel. */
MUST_CHECK struct refusal admit_publish(const struct transport_config *config, const struct identity *who,
                                        struct bytes name);

#define CHANNEL_LIST_MAX 128

/* What a request wants to hear: its `channel` arguments, else the default channels. */
struct channel_list {
    unsigned count;
    struct bytes names[CHANNEL_LIST_MAX]; /* borrowed from the request or the configuration */
};

struct request;

/* All of them, or the first refusal against one. None at all is a yes with count 0. "too_many_channels" is a no too. */
MUST_CHECK struct refusal admit_channels(const struct transport_config *config, const struct identity *who,
                                         const struct request *request, struct channel_list *list);

/* The status that goes with a refusal's code. */
unsigned refusal_status(struct refusal refusal);

#endif
