/*
 * Several recorders record plain messages once and in order, although processes crash and hang, connections die (and
 * Redis notices late, or executes late what was sent before), calls fail, leases expire, and durable messages come in
 * between. As in test_pump, Redis is a model here, and seeded random numbers decide what happens when; the seed is
 * printed on failure.
 *
 * Two kinds of game. Strict: the last good member is never hurt, and every plain message must be recorded. Wild:
 * anything goes, and no message may be recorded twice or out of order.
 */
#include "recorder/recorder.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "cmocka_all.h"
#include "dice.h"
#include "redis/beat.h"
#include "redis/caller.h"
#include "redis/config.h"
#include "redis/eviction.h"
#include "redis/inbox.h"
#include "redis/listener.h"
#include "redis/names.h"
#include "redis/seat.h"
#include "words/marker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROCESSES 3
#define GAMES 300
#define STEPS 4000
#define LEASE_MS 3000
#define MESSAGES_MAX 4096
#define PAYLOAD_MAX 1024
#define WIRE_MAX 8192
#define GHOSTS_MAX 32
#define SETTLE_MAX 4000

static bool is_strict;  /* a process is hurt only if another one can go on in its place */
static bool is_flushed; /* now and then, Redis loses all keys */
static unsigned flushes;

/* --- a process: its loop, its connections ------------------------------------------------------------------------- */

struct timer {
    loop_fn fn;
    void *arg;
    bool is_used, is_running;
    uint64_t at_ms;
};

struct push {
    enum { CONFIRM, WORD, PLAIN, ECHOED, ANNOUNCED } kind;
    bool is_pattern;
    char name[64], words[160];
    unsigned message;
    uint64_t era, ordinal;
};

struct listener {
    struct listener_events events;
    void *arg;
    bool is_up; /* as the process sees it */
    bool is_doomed;
    bool is_cut;   /* what Redis pushes does not arrive */
    bool is_heard; /* as Redis sees it: subscribed to its node's channel */
    bool hears_control, hears_plain, hears_live, hears_synced;
    char node[NAMES_TOKEN_MAX];
    struct push pushes[WIRE_MAX];
    unsigned first, end;
};

enum call_kind { CALL_RECORD, CALL_ATTEND, CALL_SYNC, CALL_PLACE, CALL_LEAVE, CALL_INBOX_WAIT, CALL_INBOX };
struct call {
    enum call_kind kind;
    char node[NAMES_TOKEN_MAX];
    struct attendance attendance;
    uint64_t era, first, nonce, filter_hash, ordinal;
    unsigned messages[64], spans[64], count;
    bool force, fails;
    union {
        caller_record_fn record;
        caller_attend_fn attend;
        caller_done_fn done;
        caller_leave_fn leave;
        caller_inbox_fn inbox;
    } fn;
    void *arg;
    uint64_t ticket;
    enum record_result result;
    uint64_t last;
    struct attend_reply attended;
    enum leave_result left;
    unsigned taken;
};

struct caller {
    struct caller_events events;
    void *arg;
    bool is_up, is_inbox;
    struct call calls[WIRE_MAX];
    unsigned first, executed, end; /* answered up to first, executed up to executed */
};

struct loop {
    struct recorder *recorder; /* NULL: not running */
    struct timer timers[8];
    unsigned timer_count;
    loop_fn turn_fn;
    void *turn_arg;
    struct listener listener;
    struct caller caller, inbox;
    uint64_t hung_until_ms;
};

static struct loop processes[PROCESSES];

/* The calls that a connection had in flight to Redis when it died. */
struct ghost {
    unsigned first, end;
    struct call calls[64];
};
static struct ghost ghosts[GHOSTS_MAX];

void loop_on_turn_end(struct loop *loop, loop_fn fn, void *arg)
{
    loop->turn_fn = fn;
    loop->turn_arg = arg;
}

struct timer *timer_new(struct loop *loop, loop_fn fn, void *arg)
{
    assert_true(loop->timer_count < 8);
    loop->timers[loop->timer_count] = (struct timer){.fn = fn, .arg = arg, .is_used = true};
    return &loop->timers[loop->timer_count++];
}

void timer_start(struct timer *timer, uint64_t after_ms)
{
    timer->is_running = true;
    timer->at_ms = clock_now_ms() + after_ms;
}

void timer_stop(struct timer *timer)
{
    timer->is_running = false;
}

void timer_free(struct timer *timer)
{
    if (timer)
        timer->is_running = timer->is_used = false;
}

/* --- Redis -------------------------------------------------------------------------------------------------------- */

static unsigned published, logged[MESSAGES_MAX], logged_count, inbox_count;
static bool is_durable[MESSAGES_MAX]; /* already in the log, not by a recorder */
static bool is_large[MESSAGES_MAX];   /* too large to be recorded */
static uint64_t era, last, era_filter, awaited_ms, vacancy, vacancies;
static struct lease {
    char node[NAMES_TOKEN_MAX];
    uint64_t until_ms;
} seat, standby, members[16];
static unsigned eras;

static void push_to(struct listener *listener, const struct push *one)
{
    if (listener->is_cut)
        return;
    assert_true(listener->end < WIRE_MAX);
    listener->pushes[listener->end++] = *one;
}

static void tell_control(const char *words)
{
    struct push one = {.kind = WORD, .name = "bridge:control"};
    snprintf(one.words, sizeof one.words, "%s", words);
    for (unsigned i = 0; i < PROCESSES; i++)
        if (processes[i].listener.hears_control)
            push_to(&processes[i].listener, &one);
}

/* PUBLISH to the node's channel: did a subscriber receive it? */
static bool is_heard(const char *node)
{
    for (unsigned i = 0; i < PROCESSES; i++) {
        struct listener *listener = &processes[i].listener;
        if (!listener->is_heard || strcmp(listener->node, node) != 0)
            continue;
        struct push one = {.kind = WORD};
        snprintf(one.name, sizeof one.name, "bridge:node:%s", node);
        push_to(listener, &one);
        return true;
    }
    return false;
}

static const char *lease_owner(struct lease *lease)
{
    if (lease->until_ms <= clock_now_ms())
        lease->node[0] = '\0';
    return lease->node[0] && is_heard(lease->node) ? lease->node : "";
}

static void lease_give(struct lease *lease, const char *node, uint64_t ms)
{
    snprintf(lease->node, sizeof lease->node, "%s", node);
    lease->until_ms = clock_now_ms() + ms;
}

static struct lease *member_find(const char *node)
{
    for (unsigned i = 0; i < 16; i++)
        if (members[i].node[0] && strcmp(members[i].node, node) == 0)
            return &members[i];
    return NULL;
}

static void member_add(const char *node)
{
    struct lease *member = member_find(node);
    for (unsigned i = 0; i < 16 && !member; i++)
        if (!members[i].node[0])
            member = &members[i];
    assert_non_null(member);
    lease_give(member, node, 3 * LEASE_MS);
}

static void member_remove(const char *node)
{
    struct lease *member = member_find(node);
    if (member)
        member->node[0] = '\0';
}

static bool has_other_member(const char *node)
{
    bool found = false;
    for (unsigned i = 0; i < 16; i++) {
        if (!members[i].node[0] || strcmp(members[i].node, node) == 0)
            continue;
        if (members[i].until_ms > clock_now_ms() && is_heard(members[i].node))
            found = true;
        else
            members[i].node[0] = '\0';
    }
    return found;
}

static void redis_publish(bool durable)
{
    unsigned message = published++;
    assert_true(published < MESSAGES_MAX);
    is_durable[message] = durable;
    is_large[message] = roll(10) == 0;
    for (unsigned i = 0; i < PROCESSES; i++) {
        struct listener *listener = &processes[i].listener;
        if (durable && listener->hears_live)
            push_to(listener, &(struct push){.kind = ECHOED, .message = message});
        if (listener->hears_plain)
            push_to(listener, &(struct push){.kind = PLAIN, .message = message});
    }
}

static void redis_append(unsigned message)
{
    if (is_durable[message])
        fail_msg("message %u was in the log already", message);
    if (is_large[message])
        fail_msg("message %u is too large", message);
    if (logged_count > 0 && message <= logged[logged_count - 1])
        fail_msg("message %u was recorded behind message %u", message, logged[logged_count - 1]);
    logged[logged_count++] = message;
    for (unsigned i = 0; i < PROCESSES; i++)
        if (processes[i].listener.hears_live)
            push_to(&processes[i].listener,
                    &(struct push){.kind = ANNOUNCED, .message = message, .era = era, .ordinal = last});
}

static void redis_record(struct call *call)
{
    call->result = call->era != era ? RECORD_STALE : call->first > last + 1 ? RECORD_HOLE : RECORD_OK;
    uint64_t ordinal = call->first;
    for (unsigned i = 0; i < call->count && call->result == RECORD_OK; i++) {
        uint64_t final = ordinal + call->spans[i] - 1;
        if (final > last) {
            last = final;
            if (call->messages[i] < MESSAGES_MAX)
                redis_append(call->messages[i]);
        }
        ordinal = final + 1;
    }
    call->last = last;
}

static void redis_seat_give(const char *node)
{
    lease_give(&seat, node, LEASE_MS);
    if (strcmp(standby.node, node) == 0)
        standby.node[0] = '\0';
}

/* A number on the node's own channel, behind all announcements. */
static bool has_heard_all(const struct attendance *a)
{
    if (vacancy == 0)
        vacancy = ++vacancies;
    if (a->heard == vacancy)
        return true;
    for (unsigned i = 0; i < PROCESSES; i++) {
        struct push one = {.kind = WORD};
        snprintf(one.name, sizeof one.name, "bridge:node:%s", a->node);
        snprintf(one.words, sizeof one.words, "heard %" PRIu64, vacancy);
        if (processes[i].listener.is_heard && strcmp(processes[i].listener.node, a->node) == 0)
            push_to(&processes[i].listener, &one);
    }
    return false;
}

static bool must_await_synced(void)
{
    bool is_any = false;
    uint64_t now_ms = clock_now_ms(), limit_ms = 3 * LEASE_MS;
    for (unsigned i = 0; i < PROCESSES; i++)
        is_any |= processes[i].listener.hears_synced;
    if (is_any && (awaited_ms == 0 || now_ms - awaited_ms > 2 * limit_ms))
        awaited_ms = now_ms;
    return is_any && now_ms - awaited_ms <= limit_ms;
}

static enum node_role redis_attend(const struct attendance *a)
{
    char words[160];
    if (!is_heard(a->node))
        return ROLE_GONE;
    bool is_current = a->era == era, is_synced = a->claim == CLAIM_SYNCED;
    if (is_synced && era == 0 && !has_heard_all(a))
        return ROLE_STANDBY;
    bool is_member = is_synced && is_current ? a->number <= last + 1 : member_find(a->node) != NULL;
    const char *holder = lease_owner(&seat);
    if (is_member) {
        member_add(a->node);
        if (!holder[0] || strcmp(holder, a->node) == 0) {
            redis_seat_give(a->node);
            return ROLE_HOLDER;
        }
    } else if (is_synced && is_current) {
        member_remove(a->node);
        if (strcmp(holder, a->node) == 0)
            seat.node[0] = '\0';
        holder = lease_owner(&seat);
    }
    if (strcmp(holder, a->node) == 0)
        return ROLE_HOLDER;
    bool others = has_other_member(a->node);
    bool may_open = !holder[0] && !others && a->claim != CLAIM_WAITING;
    if (may_open && (is_synced || !must_await_synced())) {
        bool is_vacant = era == 0;
        if ((is_synced && (is_vacant || is_current)) || (is_current && a->number == last)) {
            era = ++eras;
            last = vacancy = awaited_ms = 0;
            era_filter = a->filter_hash;
            memset(members, 0, sizeof members);
            redis_seat_give(a->node);
            member_add(a->node);
            snprintf(words, sizeof words, "era %" PRIu64 " %s 1000", era, a->node);
            tell_control(words);
            return ROLE_HOLDER;
        }
        if (!is_synced && (is_vacant || is_current))
            return ROLE_ANEW;
    }
    if (is_synced && !is_current)
        return ROLE_GONE;
    const char *other = lease_owner(&standby);
    bool is_taken = other[0] && strcmp(other, a->node) != 0;
    if (is_taken && (!is_member || member_find(other)))
        return ROLE_WAITING;
    lease_give(&standby, a->node, LEASE_MS);
    return ROLE_STANDBY;
}

/* FLUSHALL: all keys are gone, subscriptions and what was published stay. */
static void redis_flush(void)
{
    log_info("flush", "era=%" PRIu64 " last=%" PRIu64, era, last);
    era = last = era_filter = awaited_ms = vacancy = 0;
    seat.node[0] = standby.node[0] = '\0';
    memset(members, 0, sizeof members);
    flushes++;
}

static enum leave_result redis_leave(const struct call *call)
{
    if (!call->force && !has_other_member(call->node)) {
        const char *other = lease_owner(&standby);
        return other[0] && strcmp(other, call->node) != 0 ? LEAVE_COMING : LEAVE_ALONE;
    }
    if (strcmp(seat.node, call->node) == 0)
        seat.node[0] = '\0';
    if (strcmp(standby.node, call->node) == 0)
        standby.node[0] = '\0';
    member_remove(call->node);
    tell_control("vacant");
    return LEAVE_LEFT;
}

static void redis_execute(struct call *call)
{
    char words[160];
    call->fails = roll(40) == 0;
    if (call->fails)
        return;
    switch (call->kind) {
    case CALL_RECORD:
        redis_record(call);
        return;
    case CALL_ATTEND: {
        struct attendance attendance = call->attendance;
        attendance.node = call->node;
        call->attended.role = redis_attend(&attendance);
        call->attended.era = era;
        call->attended.last = last;
        return;
    }
    case CALL_SYNC:
        snprintf(words, sizeof words, "sync %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, call->node, call->nonce,
                 call->filter_hash, era, last);
        tell_control(words);
        return;
    case CALL_PLACE:
        snprintf(words, sizeof words, "place %s %" PRIu64 " %" PRIu64 " %" PRIu64, call->node, call->nonce, call->era,
                 call->ordinal);
        if (call->era == era)
            tell_control(words);
        return;
    case CALL_LEAVE:
        call->left = redis_leave(call);
        return;
    case CALL_INBOX:
        for (call->taken = inbox_count; inbox_count > 0; inbox_count--)
            redis_publish(true);
        return;
    case CALL_INBOX_WAIT:
        return;
    }
}

/* --- the listener, as the recorder sees it ------------------------------------------------------------------------ */

struct listener *listener_new(struct loop *loop, const struct redis_config *config, const char *role,
                              const struct listener_events *events, void *arg)
{
    (void)config, (void)role;
    loop->listener.events = *events;
    loop->listener.arg = arg;
    return &loop->listener;
}

/* Redis closes the connection. */
static void redis_forget(struct listener *listener)
{
    listener->is_heard = listener->hears_control = listener->hears_plain = listener->hears_live = false;
    listener->hears_synced = false;
}

/* The process closes its end; Redis may still take the connection for open. */
static void listener_close(struct listener *listener)
{
    listener->is_up = listener->is_doomed = false;
    listener->first = listener->end = 0;
    listener->is_cut = true;
    if (is_strict || roll(3))
        redis_forget(listener);
}

void listener_free(struct listener *listener)
{
    listener_close(listener);
}

void listener_subscribe(struct listener *listener, bool is_pattern, struct bytes name)
{
    struct push one = {.kind = CONFIRM, .is_pattern = is_pattern};
    snprintf(one.name, sizeof one.name, "%.*s", (int)name.len, name.data);
    if (!listener->is_up)
        return;
    if (strncmp(one.name, "bridge:node:", 12) == 0) {
        listener->is_heard = true;
        snprintf(listener->node, sizeof listener->node, "%s", one.name + 12);
    } else if (strcmp(one.name, "bridge:control") == 0) {
        listener->hears_control = true;
    } else if (strcmp(one.name, "bridge:synced") == 0) {
        listener->hears_synced = true;
    } else if (strncmp(one.name, "bridge:@*:live:", 15) == 0) {
        assert_true(listener->hears_live);
    } else if (strncmp(one.name, "bridge:live:", 12) == 0) {
        listener->hears_live = true;
    } else {
        listener->hears_plain = true;
    }
    push_to(listener, &one);
}

void listener_subscribe_aware(struct listener *listener, const struct redis_config *redis)
{
    (void)listener, (void)redis; /* nothing is said there */
}

void listener_unsubscribe(struct listener *listener, bool is_pattern, struct bytes name)
{
    (void)is_pattern;
    if (strncmp(name.data, "bridge:", 7) != 0)
        listener->hears_plain = false;
}

static void listener_die(struct listener *listener)
{
    if (!listener->is_up)
        return;
    listener_close(listener);
    listener->events.down(listener->arg, "cut");
}

void listener_restart(struct listener *listener, const char *why)
{
    log_info("restart", "node=%s why=\"%s\"", listener->node, why);
    listener->is_doomed = true;
}

static void deliver_push(struct listener *listener)
{
    if (!listener->is_up || listener->first == listener->end)
        return;
    struct push one = listener->pushes[listener->first++];
    static char large[PAYLOAD_MAX + 1];
    char payload[128];
    struct heard heard = {.channel = {one.name, strlen(one.name)}, .payload = {one.words, strlen(one.words)}};
    switch (one.kind) {
    case CONFIRM:
        listener->events.confirmed(listener->arg, one.is_pattern, heard.channel);
        return;
    case WORD:
        break;
    case PLAIN:
        heard.pattern = (struct bytes){"public:*", 8};
        heard.channel = (struct bytes){"public:a", 8};
        heard.payload = (struct bytes){(const char *)&one.message, sizeof one.message};
        if (is_large[one.message] && !is_durable[one.message])
            heard.payload = (struct bytes){large, sizeof large};
        break;
    case ECHOED:
    case ANNOUNCED: {
        int head = snprintf(payload, sizeof payload, "%u-0 0-0 %c %" PRIu64 " %" PRIu64 " 0 0\n", one.message + 1,
                            one.kind == ECHOED ? 'e' : 'r', one.era, one.ordinal);
        memcpy(payload + head, &one.message, sizeof one.message);
        heard.pattern = (struct bytes){"bridge:live:*", 13};
        heard.channel = (struct bytes){"bridge:live:public:a", 20};
        heard.payload = (struct bytes){payload, (size_t)head + sizeof one.message};
        break;
    }
    }
    listener->events.message(listener->arg, &heard);
}

/* --- the callers, as the recorder sees them ----------------------------------------------------------------------- */

struct caller *caller_new(struct loop *loop, const struct redis_config *config, const char *role,
                          const struct caller_events *events, void *arg)
{
    (void)config;
    bool is_inbox = strcmp(role, "recorder-inbox") == 0;
    struct caller *caller = is_inbox ? &loop->inbox : &loop->caller;
    caller->is_inbox = is_inbox;
    caller->is_up = false;
    caller->first = caller->executed = caller->end = 0;
    caller->events = *events;
    caller->arg = arg;
    return caller;
}

static void call_answer(const struct call *call, enum reply_status status)
{
    struct reply reply = {status, status == REPLY_OK ? "" : "no"};
    switch (call->kind) {
    case CALL_RECORD:
        call->fn.record(call->arg, call->ticket, reply, call->result, call->last);
        return;
    case CALL_ATTEND:
        call->fn.attend(call->arg, call->ticket, reply, call->attended);
        return;
    case CALL_LEAVE:
        call->fn.leave(call->arg, call->ticket, reply, call->left);
        return;
    case CALL_INBOX:
        call->fn.inbox(call->arg, call->ticket, reply, (struct inbox_reply){.done = call->taken});
        return;
    case CALL_SYNC:
    case CALL_PLACE:
    case CALL_INBOX_WAIT:
        call->fn.done(call->arg, call->ticket, reply);
        return;
    }
}

/* Calls that were sent may still be executed, or not; nobody gets their answers. */
static void caller_haunt(const struct caller *caller, unsigned end)
{
    for (unsigned i = 0; i < GHOSTS_MAX; i++) {
        struct ghost *ghost = &ghosts[i];
        if (ghost->first < ghost->end)
            continue;
        ghost->first = ghost->end = 0;
        for (unsigned j = caller->executed; j < end && ghost->end < 64; j++)
            ghost->calls[ghost->end++] = caller->calls[j];
        return;
    }
}

static void caller_drop_all(struct caller *caller)
{
    unsigned end = caller->end;
    caller_haunt(caller, end);
    for (unsigned i = caller->first; i < end; i++) {
        struct call call = caller->calls[i];
        call_answer(&call, REPLY_DOWN);
    }
    caller->first = caller->executed = caller->end = 0;
}

static void caller_die(struct caller *caller)
{
    if (!caller->is_up)
        return;
    caller->is_up = false;
    caller_drop_all(caller);
    caller->events.down(caller->arg, "cut");
}

void caller_free(struct caller *caller)
{
    caller->is_up = false;
    caller_drop_all(caller);
}

void caller_restart(struct caller *caller, const char *why)
{
    (void)caller, (void)why; /* no Redis is demoted here */
}

bool caller_is_up(const struct caller *caller)
{
    return caller->is_up;
}

static struct call *call_new(struct caller *caller, enum call_kind kind, const char *node, void *arg, uint64_t ticket)
{
    assert_true(caller->end < WIRE_MAX);
    struct call *call = &caller->calls[caller->end++];
    *call = (struct call){.kind = kind, .arg = arg, .ticket = ticket};
    snprintf(call->node, sizeof call->node, "%s", node);
    return call;
}

void caller_record(struct caller *caller, uint64_t of_era, uint64_t first, const struct bytes *channels,
                   const struct bytes *payloads, unsigned count, caller_record_fn fn, void *arg, uint64_t ticket)
{
    struct call *call = call_new(caller, CALL_RECORD, "", arg, ticket);
    call->era = of_era;
    call->first = first;
    call->count = count;
    call->fn.record = fn;
    for (unsigned i = 0; i < count; i++) {
        bool is_passed = channels[i].len == 0, is_loss = !is_passed && channels[i].data[0] == MARKER_BEGIN[0];
        call->messages[i] = MESSAGES_MAX;
        call->spans[i] = is_passed ? (unsigned)strtoul(payloads[i].data, NULL, 10) : 1;
        if (!is_passed && !is_loss)
            memcpy(&call->messages[i], payloads[i].data, sizeof call->messages[i]);
    }
}

void caller_attend(struct caller *caller, const struct attendance *attendance, caller_attend_fn fn, void *arg,
                   uint64_t ticket)
{
    struct call *call = call_new(caller, CALL_ATTEND, attendance->node, arg, ticket);
    call->attendance = *attendance;
    call->fn.attend = fn;
}

void caller_witness(struct caller *c, struct position position, struct bytes channel)
{
    (void)c, (void)position, (void)channel; /* this Redis loses nothing */
}

void caller_eviction(struct caller *caller, caller_eviction_fn fn, void *arg, uint64_t ticket)
{
    (void)caller, (void)fn, (void)arg, (void)ticket;
}

void caller_sync(struct caller *caller, const char *node, uint64_t nonce, uint64_t filter_hash, caller_done_fn fn,
                 void *arg, uint64_t ticket)
{
    struct call *call = call_new(caller, CALL_SYNC, node, arg, ticket);
    call->nonce = nonce;
    call->filter_hash = filter_hash;
    call->fn.done = fn;
}

void caller_place(struct caller *caller, uint64_t of_era, struct bytes node, uint64_t nonce, uint64_t ordinal,
                  caller_done_fn fn, void *arg, uint64_t ticket)
{
    struct call *call = call_new(caller, CALL_PLACE, "", arg, ticket);
    snprintf(call->node, sizeof call->node, "%.*s", (int)node.len, node.data);
    call->era = of_era;
    call->nonce = nonce;
    call->ordinal = ordinal;
    call->fn.done = fn;
}

void caller_leave(struct caller *caller, const char *node, bool force, caller_leave_fn fn, void *arg, uint64_t ticket)
{
    struct call *call = call_new(caller, CALL_LEAVE, node, arg, ticket);
    call->force = force;
    call->fn.leave = fn;
}

void caller_inbox_wait(struct caller *caller, uint64_t wait_ms, caller_done_fn fn, void *arg, uint64_t ticket)
{
    (void)wait_ms;
    call_new(caller, CALL_INBOX_WAIT, "", arg, ticket)->fn.done = fn;
}

void caller_inbox(struct caller *caller, const struct glob_list *served, const struct glob_list *ephemeral,
                  unsigned limit, caller_inbox_fn fn, void *arg, uint64_t ticket)
{
    (void)served, (void)ephemeral, (void)limit;
    call_new(caller, CALL_INBOX, "", arg, ticket)->fn.inbox = fn;
}

static void execute_call(struct caller *caller)
{
    if (!caller->is_up || caller->executed == caller->end)
        return;
    struct call *call = &caller->calls[caller->executed];
    if (call->kind == CALL_INBOX_WAIT && inbox_count == 0)
        return;
    redis_execute(call);
    caller->executed++;
}

static void deliver_answer(struct caller *caller)
{
    if (!caller->is_up || caller->first == caller->executed)
        return;
    struct call call = caller->calls[caller->first++];
    call_answer(&call, call.fails ? REPLY_ERROR : REPLY_OK);
}

static void execute_ghost(void)
{
    struct ghost *ghost = &ghosts[roll(GHOSTS_MAX)];
    if (ghost->first == ghost->end)
        return;
    if (roll(8) == 0)
        ghost->first = ghost->end; /* never arrived */
    else
        redis_execute(&ghost->calls[ghost->first++]);
}

/* --- processes ---------------------------------------------------------------------------------------------------- */

static void process_start(struct loop *process)
{
    static const struct redis_config config = {.prefix = "bridge:", .max_payload = PAYLOAD_MAX};
    static char *globs[] = {"public:*"};
    static const struct glob_list channels = {1, globs}, none = {0};
    const struct recorder_config recorder_config = {
        .redis = &config, .channels = &channels, .ephemeral = &none, .lease_ms = LEASE_MS};
    process->timer_count = 0;
    process->hung_until_ms = 0;
    process->recorder = recorder_new(process, &recorder_config);
    assert_non_null(process->recorder);
}

static void process_crash(struct loop *process)
{
    recorder_free(process->recorder);
    process->recorder = NULL;
}

static void process_turn(struct loop *process)
{
    for (unsigned i = 0; i < process->timer_count; i++)
        if (process->timers[i].is_running && process->timers[i].at_ms <= clock_now_ms()) {
            process->timers[i].is_running = false;
            process->timers[i].fn(process->timers[i].arg);
        }
    process->turn_fn(process->turn_arg);
    if (process->listener.is_doomed)
        listener_die(&process->listener);
}

static void process_connect(struct loop *process)
{
    struct caller *callers[] = {&process->caller, &process->inbox};
    for (unsigned i = 0; i < 2; i++)
        if (!callers[i]->is_up) {
            callers[i]->is_up = true;
            callers[i]->events.up(callers[i]->arg);
        }
    if (!process->listener.is_up) {
        redis_forget(&process->listener); /* the model has one listener connection for each process */
        process->listener.is_up = true;
        process->listener.is_cut = false;
        process->listener.events.up(process->listener.arg);
    }
}

static void wires_compact(struct loop *process)
{
    struct listener *listener = &process->listener;
    struct caller *callers[] = {&process->caller, &process->inbox};
    if (listener->first == listener->end)
        listener->first = listener->end = 0;
    for (unsigned i = 0; i < 2; i++)
        if (callers[i]->first == callers[i]->end)
            callers[i]->first = callers[i]->executed = callers[i]->end = 0;
}

/* It has or will receive all messages that are not recorded yet, can record them, and is not about to step down. */
static bool is_good(const struct loop *process)
{
    const struct listener *listener = &process->listener;
    const struct lease *member = listener->is_up ? member_find(listener->node) : NULL;
    return process->recorder && process->hung_until_ms <= clock_now_ms() && listener->is_heard && !listener->is_cut &&
           !listener->is_doomed && member && member->until_ms > clock_now_ms() + LEASE_MS &&
           (strcmp(seat.node, listener->node) == 0 || strcmp(standby.node, listener->node) == 0);
}

static bool may_be_hurt(const struct loop *process)
{
    if (!is_strict)
        return true;
    if (is_flushed) /* nobody is a member just after a flush */
        return !process->listener.hears_synced;
    for (unsigned i = 0; i < PROCESSES; i++)
        if (&processes[i] != process && is_good(&processes[i]))
            return true;
    return false;
}

/* After a flush, a member opens a new era. Until the others have heard of it, the next flush would be a second fault. */
static bool may_be_flushed(void)
{
    bool is_held = false;
    for (unsigned i = 0; i < PROCESSES; i++) {
        const struct listener *listener = &processes[i].listener;
        is_held |= listener->hears_synced && strcmp(seat.node, listener->node) == 0;
        if (listener->hears_synced && listener->first != listener->end)
            return false;
    }
    return !is_strict || is_held;
}

static unsigned faults;

static void process_hurt(struct loop *process)
{
    if (!process->recorder) {
        process_start(process);
        return;
    }
    if (!may_be_hurt(process))
        return;
    unsigned fault = roll(4);
    faults++;
    log_info("fault", "kind=%u node=%s", fault, process->listener.node);
    switch (fault) {
    case 0:
        listener_die(&process->listener);
        return;
    case 1:
        process->listener.is_cut = true; /* what was pushed already may still arrive */
        return;
    case 2:
        process_crash(process);
        return;
    case 3:
        process->hung_until_ms = clock_now_ms() + roll(12000);
        return;
    }
}

/* --- the game ----------------------------------------------------------------------------------------------------- */

static void step(void)
{
    struct loop *process = &processes[roll(PROCESSES)];
    struct caller *caller = roll(4) ? &process->caller : &process->inbox;
    bool is_running = process->recorder && process->hung_until_ms <= clock_now_ms();
    switch (roll(20)) {
    case 0:
        redis_publish(roll(4) == 0);
        return;
    case 1:
        inbox_count += roll(8) == 0;
        return;
    case 2:
        clock_hold(clock_now_ms() + roll(roll(10) == 0 ? 600 : 20));
        return;
    case 3:
        execute_ghost();
        return;
    case 4:
        if (is_flushed && roll(is_strict ? 2 : 10) == 0 && may_be_flushed())
            redis_flush();
        else if (roll(15) == 0)
            process_hurt(process);
        else if (roll(20) == 0 && process->recorder)
            caller_die(caller);
        return;
    case 5:
    case 6:
        if (is_running)
            process_connect(process);
        return;
    case 7:
    case 8:
    case 9:
        if (process->recorder)
            execute_call(caller);
        return;
    case 10:
    case 11:
    case 12:
        if (is_running)
            deliver_answer(caller);
        return;
    case 13:
    case 14:
    case 15:
    case 16:
    case 17:
        if (is_running)
            deliver_push(&process->listener);
        return;
    default:
        if (is_running)
            process_turn(process);
        wires_compact(process);
    }
}

static bool is_settled(void)
{
    unsigned holders = 0, standbys = 0;
    for (unsigned i = 0; i < PROCESSES; i++) {
        struct recorder_status status;
        recorder_status(processes[i].recorder, &status);
        if (status.queued)
            return false;
        holders += status.is_holder;
        standbys += status.is_standby;
    }
    return holders == 1 && standbys == 1 && inbox_count == 0;
}

static void settle(void)
{
    unsigned quiet = 0;
    for (unsigned i = 0; i < SETTLE_MAX && quiet < 250; i++) {
        clock_hold(clock_now_ms() + 20);
        for (unsigned p = 0; p < PROCESSES; p++) {
            struct loop *process = &processes[p];
            if (!process->recorder)
                process_start(process);
            process_connect(process);
            for (unsigned j = 0; j < 40; j++) {
                deliver_push(&process->listener);
                execute_call(&process->caller);
                deliver_answer(&process->caller);
                execute_call(&process->inbox);
                deliver_answer(&process->inbox);
            }
            process_turn(process);
            wires_compact(process);
        }
        quiet = is_settled() ? quiet + 1 : 0;
    }
    if (quiet < 250)
        fail_msg("it does not come to rest");
}

static bool is_logged(unsigned message)
{
    for (unsigned i = 0; i < logged_count; i++)
        if (logged[i] == message)
            return true;
    return false;
}

static unsigned total_logged, total_lost, total_eras, total_faults;

static void play(uint64_t game)
{
    dice_begin(game);
    roll(2);
    published = logged_count = inbox_count = eras = faults = 0;
    era = last = awaited_ms = vacancy = 0;
    seat.node[0] = standby.node[0] = '\0';
    memset(members, 0, sizeof members);
    memset(ghosts, 0, sizeof ghosts);
    clock_hold(1000);
    for (unsigned i = 0; i < PROCESSES; i++) {
        redis_forget(&processes[i].listener);
        process_start(&processes[i]);
    }
    settle();
    for (unsigned i = 0; i < STEPS; i++)
        step();
    unsigned end = published;
    settle();
    do
        redis_publish(false);
    while (is_large[published - 1]);
    settle();

    assert_true(is_logged(published - 1));
    for (unsigned i = 0; i < end; i++) {
        bool is_lost = !is_durable[i] && !is_large[i] && !is_logged(i);
        if (is_lost && is_strict)
            fail_msg("message %u was not recorded", i);
        total_lost += is_lost;
    }
    if (is_strict && !is_flushed)
        assert_int_equal(eras, 1);
    total_logged += logged_count;
    total_eras += eras;
    total_faults += faults;
    for (unsigned i = 0; i < PROCESSES; i++)
        process_crash(&processes[i]);
}

static bool is_over;

static void play_all(bool strict, bool flushed)
{
    is_over = false;
    is_strict = strict;
    is_flushed = flushed;
    flushes = 0;
    total_logged = total_lost = total_eras = total_faults = 0;
    const char *seed = getenv("GAME");
    uint64_t first = seed ? strtoull(seed, NULL, 10) : 1;
    const char *games = getenv("GAMES");
    uint64_t count = games ? strtoull(games, NULL, 10) : seed ? 1 : GAMES;
    for (uint64_t game = first; game < first + count; game++)
        play(game);
    is_over = true;
    print_message("%u games, %u faults, %u flushes: %u recorded, %u lost, %u eras\n", (unsigned)count, total_faults,
                  flushes, total_logged, total_lost, total_eras);
}

static void while_a_member_lives_every_message_is_recorded_once(void **state)
{
    (void)state;
    play_all(true, false);
}

static void also_when_all_keys_are_deleted(void **state)
{
    (void)state;
    play_all(true, true);
    assert_true(flushes > 0);
}

static void whatever_happens_none_is_recorded_twice_or_out_of_order(void **state)
{
    (void)state;
    play_all(false, true);
}

static int tell_seed(void **state)
{
    (void)state;
    if (!is_over)
        print_message("the last game had the seed %" PRIu64 " (GAME=%" PRIu64 " plays it alone)\n", dice_seed,
                      dice_seed);
    return 0;
}

int main(void)
{
    log_open(getenv("GAME") ? LOG_INFO : LOG_ERROR, false, "test");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(while_a_member_lives_every_message_is_recorded_once, tell_seed),
        cmocka_unit_test_teardown(also_when_all_keys_are_deleted, tell_seed),
        cmocka_unit_test_teardown(whatever_happens_none_is_recorded_twice_or_out_of_order, tell_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
