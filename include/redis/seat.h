/*
 * seat.h - a caller's words for the recorder: its place, the seat, and what it records. recorder.c tells the protocol,
 * lua/recorder.lua what each function does.
 */
#ifndef REDIS_SEAT_H
#define REDIS_SEAT_H

#include "base/bytes.h"
#include "redis/reply.h"

struct caller;

enum record_result { RECORD_OK, RECORD_STALE, RECORD_HOLE };
typedef void (*caller_record_fn)(void *arg, uint64_t ticket, struct reply reply, enum record_result result,
                                 uint64_t last);
/* Append `count` plain messages with the ordinals first, first + 1, …; those recorded already are passed over. An empty
 * channel stands for as many ordinals as its payload says, and for no message. */
void caller_record(struct caller *caller, uint64_t era, uint64_t first, const struct bytes *channels,
                   const struct bytes *payloads, unsigned count, caller_record_fn fn, void *arg, uint64_t ticket);

enum node_claim { CLAIM_WAITING, CLAIM_JOINING, CLAIM_SYNCED };
enum node_role { ROLE_HOLDER, ROLE_STANDBY, ROLE_WAITING, ROLE_ANEW, ROLE_GONE };
struct attendance {
    const char *node;
    uint64_t lease_ms;
    uint64_t filter_hash; /* of the settings that decide which messages count */
    enum node_claim claim;
    uint64_t era;    /* in which it has its place */
    uint64_t number; /* JOINING: the last recorded ordinal at its place; SYNCED: the first ordinal that it has */
};
struct attend_reply {
    enum node_role role;
    uint64_t era;  /* the current one */
    uint64_t last; /* the last recorded ordinal of it */
};
typedef void (*caller_attend_fn)(void *arg, uint64_t ticket, struct reply reply, struct attend_reply attend);
/* Say what the node knows, and be told what it is. Also says a word on the node's own channel. */
void caller_attend(struct caller *caller, const struct attendance *attendance, caller_attend_fn fn, void *arg,
                   uint64_t ticket);

/* Have `sync <node> <nonce> <filter_hash> <era> <last>` told on control. */
void caller_sync(struct caller *caller, const char *node, uint64_t nonce, uint64_t filter_hash, caller_done_fn fn,
                 void *arg, uint64_t ticket);
/* Have `place <node> <nonce> <era> <ordinal>` told on control, where the era is current. */
void caller_place(struct caller *caller, uint64_t era, struct bytes node, uint64_t nonce, uint64_t ordinal,
                  caller_done_fn fn, void *arg, uint64_t ticket);

enum leave_result { LEAVE_LEFT, LEAVE_COMING, LEAVE_ALONE };
typedef void (*caller_leave_fn)(void *arg, uint64_t ticket, struct reply reply, enum leave_result result);
/* Give everything up at once, told on control as `vacant`; without force only where another member goes on. */
void caller_leave(struct caller *caller, const char *node, bool force, caller_leave_fn fn, void *arg, uint64_t ticket);

#endif
