/*
 * publisher.h - the backend's side: one connection that publishes.
 *
 * Story     Four ways to publish, all pipelined: Redis `PUBLISH`, Redis `FCALL bridge_publish` (recorded before Redis
 *           replies, without the recorder process), `POST` to an HTTP location (nchan's only way; the bridge has one
 *           too), and the `XADD` by which Socket.IO's Redis Streams adapter announces an emit to other servers.
 * Promise   _push only appends to a buffer; _turn sends and receives, and never blocks.
 * Fails     _open prints why and returns false. Later error replies are counted in `errors`; a lost connection sets
 *           `gone`.
 */
#ifndef BENCH_PUBLISHER_H
#define BENCH_PUBLISHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum publisher_kind { PUBLISH_REDIS, PUBLISH_FCALL, PUBLISH_SOCKETIO, PUBLISH_HTTP };

struct publisher {
    enum publisher_kind kind;
    int fd;
    char path[256]; /* for PUBLISH_HTTP; "{c}" stands for the channel */
    char *out;      /* commands that are not sent yet */
    size_t out_length, out_capacity;
    char in[64 * 1024]; /* the beginning of an incomplete reply */
    size_t in_length;
    uint64_t asked, answered, errors;
    bool gone;
};

/* `target`: "redis:PORT", "fcall:PORT", "socketio:PORT" or "http:PORT/path/{c}"; the port is on 127.0.0.1. */
bool publisher_open(struct publisher *p, const char *target);
void publisher_shut(struct publisher *p);

void publisher_push(struct publisher *p, const char *channel, const char *payload, size_t size);
void publisher_turn(struct publisher *p);

/* Write `template` with "{c}" replaced by the channel. */
void fill_template(char *out, size_t capacity, const char *template, const char *channel);

#endif
