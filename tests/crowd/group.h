/*
 * group.h - browsers of one kind, and what happened to them.
 *
 * Story     A scenario consists of groups: "live" listens, "stalled" does not read, "late" reconnects. Browser i of a
 *           group listens to `each` channels, beginning at first + (i * each) % channels.
 */
#ifndef CROWD_GROUP_H
#define CROWD_GROUP_H

#include "browser.h"
#include "histogram.h"
#include "pace.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct group_options {
    bool is_websocket;
    bool has_frames; /* WebSocket: subscribe by frames, not in the URL */
    uint32_t port;
    uint32_t count; /* of browsers */
    uint32_t channels, first, each;
    uint32_t source;         /* the first connects from 127.0.0.1 + this */
    uint32_t receive_buffer; /* bytes; 0: the kernel's default */
    uint32_t cookie;         /* bytes of an additional header */
    uint32_t half;           /* not 0: only this many bytes of the request are ever sent */
    char pattern[64];        /* requested in place of the channels */
    char query[96];          /* appended to the channels: "&since=0" */
};

struct group {
    char name[32];
    struct group_options options;
    struct browser *browsers;
    struct pace opening, shutting;
    enum browser_end shut_how;
    bool is_opening, is_shutting;
    uint32_t sip_bytes;
    uint64_t sip_every_ns, sip_next_ns;

    uint32_t by_state[BROWSER_STATES];
    uint64_t refused, cut, ended, received, spoken, bytes, lost, doubled, damaged, skipped, gaps;
    uint32_t close_code; /* of the last close frame that had one */
    uint64_t last_message_ns, last_listening_ns;
    struct histogram latency; /* from publishing to reading */
    struct histogram waiting; /* from connect() to listening */
};

struct group *group_new(const char *name, const struct group_options *options);
void group_free(struct group *g);

void group_open(struct group *g, double rate, uint64_t now_ns);

/* Shut one after the other, `rate` a second; while the group still opens, only browsers that have been opened. Rate 0:
 * shut all now, and open no more. */
void group_shut(struct group *g, double rate, enum browser_end how, uint64_t now_ns);
void group_sip(struct group *g, uint32_t bytes, uint32_t every_ms, uint64_t now_ns);

/* Open, shut and sip what is due. True: there will be more to do. */
bool group_turn(struct group *g, int epoll_fd, uint64_t now_ns);

/* Reset counts and times; the browsers keep their ids and sequence numbers. */
void group_clear(struct group *g);

/* "name":{…}, times in nanoseconds. */
void histogram_print(FILE *out, const char *name, const struct histogram *h);

/* Its figures, as one JSON object. */
void group_print(const struct group *g, FILE *out);

#endif
