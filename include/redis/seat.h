/*
 * seat.h - the recorder's calls: to record plain messages, to hold the *seat* (the lease that decides which node
 * records), and to find a *place* in the order of messages. recorder.c explains the protocol, lua/recorder.lua each
 * function.
 */
#ifndef REDIS_SEAT_H
#define REDIS_SEAT_H

#include "base/bytes.h"
#include "redis/reply.h"

struct caller;

enum record_result { RECORD_OK, RECORD_STALE, RECORD_HOLE };
typedef void (*caller_record_fn)(void *arg, uint64_t ticket, struct reply reply, enum record_result result,
                                 uint64_t last);
/* Append `count` plain messages with the ordinals first, first + 1, …; those that are already recorded are skipped. An
 * empty channel stands for a run of ordinals without a message; its payload says how many. `last` is the last recorded
 * ordinal. Nothing is appended if `era` is not the current one (STALE, `last` is 0) or if first > last + 1 (HOLE). */
void caller_record(struct caller *caller, uint64_t era, uint64_t first, const struct bytes *channels,
                   const struct bytes *payloads, unsigned count, caller_record_fn fn, void *arg, uint64_t ticket);

enum node_claim { CLAIM_WAITING, CLAIM_JOINING, CLAIM_SYNCED };
enum node_role { ROLE_HOLDER, ROLE_STANDBY, ROLE_WAITING, ROLE_ANEW, ROLE_GONE };
struct attendance {
    const char *node;
    uint64_t lease_ms;
    uint64_t filter_hash; /* hash of the settings that decide which messages count */
    enum node_claim claim;
    uint64_t era;    /* the era in which it has its place */
    uint64_t number; /* JOINING: the last recorded ordinal at its place; SYNCED: the first ordinal that it has */
    uint64_t heard;  /* the newest number that came on its own channel, as `heard <number>`; 0: none */
};
struct attend_reply {
    enum node_role role;
    uint64_t era;  /* the current one */
    uint64_t last; /* the last recorded ordinal of that era */
};
typedef void (*caller_attend_fn)(void *arg, uint64_t ticket, struct reply reply, struct attend_reply attend);
/* Report what the node knows, and get its role. Redis also publishes on the node's own channel, so that the node can
 * tell whether it receives anything. */
void caller_attend(struct caller *caller, const struct attendance *attendance, caller_attend_fn fn, void *arg,
                   uint64_t ticket);

/* Have `sync <node> <nonce> <filter_hash> <era> <last>` published on control. */
void caller_sync(struct caller *caller, const char *node, uint64_t nonce, uint64_t filter_hash, caller_done_fn fn,
                 void *arg, uint64_t ticket);
/* Have `place <node> <nonce> <era> <ordinal>` published on control, if the era is still current. */
void caller_place(struct caller *caller, uint64_t era, struct bytes node, uint64_t nonce, uint64_t ordinal,
                  caller_done_fn fn, void *arg, uint64_t ticket);

enum leave_result { LEAVE_LEFT, LEAVE_COMING, LEAVE_ALONE };
typedef void (*caller_leave_fn)(void *arg, uint64_t ticket, struct reply reply, enum leave_result result);
/* Give up the seat, the standby's lease and membership at once; `vacant` or `vacant standby` is published for a lease
 * that the node held. Without `force` only if another member remains; if not, nothing changes, and the result is COMING
 * (the standby is about to become a member) or ALONE. */
void caller_leave(struct caller *caller, const char *node, bool force, caller_leave_fn fn, void *arg, uint64_t ticket);

#endif
