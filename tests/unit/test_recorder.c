/*
 * Plain messages are recorded once and in order, though calls are answered late, fail, or are never answered,
 * connections die, the lease runs out, and somebody else's durable messages come in between. As in test_pump, Redis is
 * a model here and a seeded run of dice decides when what happens; the seed is printed on failure.
 */
#include "recorder/recorder.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "redis/redis.h"
#include "cmocka_all.h"
#include "dice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAMES 400
#define STEPS 1500
#define MESSAGES_MAX 4096
#define WIRE_MAX 8192

/* --- the loop, held by the test: timers run when their time has come ---------------------------------------------- */

struct timer {
    loop_fn fn;
    void *arg;
    bool is_running;
    uint64_t at_ms;
};

static struct timer timers[4];
static unsigned timer_count;
static loop_fn turn_fn;
static void *turn_arg;

void loop_on_turn_end(struct loop *loop, loop_fn fn, void *arg)
{
    (void)loop;
    turn_fn = fn;
    turn_arg = arg;
}

struct timer *timer_new(struct loop *loop, loop_fn fn, void *arg)
{
    (void)loop;
    assert_true(timer_count < 4);
    timers[timer_count] = (struct timer){.fn = fn, .arg = arg};
    return &timers[timer_count++];
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
    timer->is_running = false;
}

static void turn(void)
{
    for (unsigned i = 0; i < timer_count; i++)
        if (timers[i].is_running && timers[i].at_ms <= clock_now_ms()) {
            timers[i].is_running = false;
            timers[i].fn(timers[i].arg);
        }
    turn_fn(turn_arg);
}

/* --- Redis -------------------------------------------------------------------------------------------------------- */

static unsigned published, recorded[MESSAGES_MAX], recorded_count;
static bool is_durable[MESSAGES_MAX];  /* in the log by another way */
static bool is_promised[MESSAGES_MAX]; /* the recorder heard it as the holder, on a connection that lived on */
static uint64_t era, last, seat_until_ms;
static char seat[32];

struct push {
    enum { CONFIRM, CONTROL, PLAIN, ECHOED, ANNOUNCED } kind;
    char words[64];
    unsigned message;
    uint64_t era, ordinal;
};
enum call_kind { CALL_RECORD, CALL_COLD, CALL_TAKE, CALL_RENEW, CALL_LEAVE };
struct call {
    enum call_kind kind;
    uint64_t era, first, ticket;
    unsigned messages[64], count;
    char node[32];
    caller_record_fn record_fn;
    caller_seat_fn seat_fn;
    void *arg;
    bool fails;
    enum record_result result;
    struct seat_reply seat;
};
struct listener {
    struct listener_events events;
    void *arg;
    bool is_up, is_subscribed;
};
struct caller {
    struct caller_events events;
    void *arg;
    bool is_up;
};
static struct listener listener;
static struct caller caller;
static struct push pushes[WIRE_MAX];
static struct call calls[WIRE_MAX];
static unsigned push_first, push_end, call_first, call_executed, call_end;

static void push(struct push one)
{
    if (!listener.is_subscribed)
        return;
    assert_true(push_end < WIRE_MAX);
    pushes[push_end++] = one;
}

static void push_control(const char *word, const char *node)
{
    struct push one = {.kind = CONTROL};
    snprintf(one.words, sizeof one.words, "%s %" PRIu64 " %s", word, era, node);
    push(one);
}

static void redis_publish(bool durable)
{
    unsigned message = published++;
    is_durable[message] = durable;
    if (durable)
        push((struct push){.kind = ECHOED, .message = message});
    push((struct push){.kind = PLAIN, .message = message});
}

static bool seat_is(const char *node)
{
    if (seat[0] && seat_until_ms <= clock_now_ms())
        seat[0] = '\0';
    return strcmp(seat, node) == 0;
}

static void redis_record(struct call *call)
{
    call->result = RECORD_STALE;
    if (call->era != era)
        return;
    call->result = RECORD_HOLE;
    if (call->first > last + 1)
        return;
    call->result = RECORD_OK;
    for (unsigned i = 0; i < call->count; i++)
        if (call->first + i == last + 1) {
            recorded[recorded_count++] = call->messages[i];
            last++;
            push((struct push){.kind = ANNOUNCED, .message = call->messages[i], .era = era, .ordinal = last});
        }
}

static void redis_execute(void)
{
    struct call *call = &calls[call_executed++];
    call->fails = roll(20) == 0;
    if (call->fails)
        return;
    bool is_free = seat_is("");
    switch (call->kind) {
    case CALL_RECORD:
        redis_record(call);
        call->seat.last = last;
        return;
    case CALL_COLD:
        if (!is_free && !seat_is(call->node))
            break;
        era++;
        last = 0;
        strcpy(seat, call->node);
        seat_until_ms = clock_now_ms() + 3000;
        push_control("era", call->node);
        break;
    case CALL_TAKE:
        if (call->era != era || (!is_free && !seat_is(call->node)))
            break;
        strcpy(seat, call->node);
        seat_until_ms = clock_now_ms() + 3000;
        push_control("renewed", call->node);
        break;
    case CALL_RENEW:
        if (!seat_is(call->node))
            break;
        seat_until_ms = clock_now_ms() + 3000;
        push_control("renewed", call->node);
        break;
    case CALL_LEAVE:
        if (seat_is(call->node))
            seat[0] = '\0';
        break;
    }
    call->seat = (struct seat_reply){.is_mine = seat_is(call->node), .era = era, .last = last, .left_ms = 100};
}

/* --- the redis room, as the recorder sees it ---------------------------------------------------------------------- */

struct listener *listener_new(struct loop *loop, const struct redis_config *config, const char *role,
                              const struct listener_events *events, void *arg)
{
    (void)loop, (void)config, (void)role;
    listener = (struct listener){.events = *events, .arg = arg};
    return &listener;
}

void listener_free(struct listener *l)
{
    (void)l;
}

void listener_subscribe(struct listener *l, bool is_pattern, const char *name, size_t len)
{
    (void)l, (void)name, (void)len;
    if (is_pattern) /* control comes last */
        return;
    listener.is_subscribed = true;
    push((struct push){.kind = CONFIRM});
}

static void listener_die(void)
{
    if (!listener.is_up)
        return;
    listener.is_up = listener.is_subscribed = false;
    push_first = push_end = 0;
    for (unsigned i = 0; i < published; i++)
        is_promised[i] = false;
    listener.events.down(listener.arg, "cut");
}

void listener_restart(struct listener *l, const char *why)
{
    (void)l, (void)why;
    listener_die();
}

struct caller *caller_new(struct loop *loop, const struct redis_config *config, const char *role,
                          const struct caller_events *events, void *arg)
{
    (void)loop, (void)config, (void)role;
    caller = (struct caller){.events = *events, .arg = arg};
    return &caller;
}

static void call_answer(const struct call *call, enum reply_status status)
{
    struct reply reply = {status, status == REPLY_OK ? "" : "no"};
    if (call->kind == CALL_RECORD)
        call->record_fn(call->arg, call->ticket, reply, call->result, call->seat.last);
    else
        call->seat_fn(call->arg, call->ticket, reply, call->seat);
}

/* What was sent may be executed or not; nobody will ever know. */
static void caller_drop_all(void)
{
    while (call_executed < call_end && roll(3))
        redis_execute();
    unsigned end = call_end;
    for (unsigned i = call_first; i < end; i++) {
        struct call call = calls[i];
        call_answer(&call, REPLY_DOWN);
    }
    call_first = call_executed = call_end = 0;
}

static void caller_die(void)
{
    if (!caller.is_up)
        return;
    caller.is_up = false;
    caller_drop_all();
    caller.events.down(caller.arg, "cut");
}

void caller_free(struct caller *c)
{
    c->is_up = false;
    caller_drop_all();
}

bool caller_is_up(const struct caller *c)
{
    return c->is_up;
}

static struct call *call_new(enum call_kind kind, const char *node, void *arg, uint64_t ticket)
{
    assert_true(call_end < WIRE_MAX);
    struct call *call = &calls[call_end++];
    *call = (struct call){.kind = kind, .arg = arg, .ticket = ticket};
    snprintf(call->node, sizeof call->node, "%s", node);
    return call;
}

void caller_record(struct caller *c, uint64_t e, uint64_t first, const struct name *channels,
                   const struct name *payloads, unsigned count, caller_record_fn fn, void *arg, uint64_t ticket)
{
    (void)c, (void)channels;
    struct call *call = call_new(CALL_RECORD, "", arg, ticket);
    call->era = e;
    call->first = first;
    call->count = count;
    call->record_fn = fn;
    for (unsigned i = 0; i < count; i++)
        memcpy(&call->messages[i], payloads[i].bytes, sizeof call->messages[i]);
}

static void call_seat(enum call_kind kind, const char *node, uint64_t e, caller_seat_fn fn, void *arg, uint64_t ticket)
{
    struct call *call = call_new(kind, node, arg, ticket);
    call->era = e;
    call->seat_fn = fn;
}

void caller_seat_cold(struct caller *c, const char *node, uint64_t lease, caller_seat_fn fn, void *arg, uint64_t ticket)
{
    (void)c, (void)lease;
    call_seat(CALL_COLD, node, 0, fn, arg, ticket);
}

void caller_seat_take(struct caller *c, const char *node, uint64_t lease, uint64_t e, caller_seat_fn fn, void *arg,
                      uint64_t ticket)
{
    (void)c, (void)lease;
    call_seat(CALL_TAKE, node, e, fn, arg, ticket);
}

void caller_seat_renew(struct caller *c, const char *node, uint64_t lease, caller_seat_fn fn, void *arg,
                       uint64_t ticket)
{
    (void)c, (void)lease;
    call_seat(CALL_RENEW, node, 0, fn, arg, ticket);
}

void caller_seat_leave(struct caller *c, const char *node, caller_seat_fn fn, void *arg, uint64_t ticket)
{
    (void)c;
    call_seat(CALL_LEAVE, node, 0, fn, arg, ticket);
}

/* --- deliveries --------------------------------------------------------------------------------------------------- */

static char my_node[32];
static bool is_holder; /* as the words on control have it */

static void deliver_push(void)
{
    struct push one = pushes[push_first++];
    char payload[128];
    struct heard heard = {.payload = {one.words, strlen(one.words)}};
    switch (one.kind) {
    case CONFIRM:
        listener.events.confirmed(listener.arg, false, (struct name){"bridge:control", 14});
        return;
    case CONTROL:
        heard.channel = (struct name){"bridge:control", 14};
        if (sscanf(one.words, "era %*u %31s", my_node) == 1)
            is_holder = true;
        break;
    case PLAIN:
        heard.pattern = (struct name){"public:*", 8};
        heard.channel = (struct name){"public:a", 8};
        heard.payload = (struct name){(const char *)&one.message, sizeof one.message};
        is_promised[one.message] = is_holder && !is_durable[one.message];
        break;
    case ECHOED:
    case ANNOUNCED: {
        int head = snprintf(payload, sizeof payload, "%u-0 0-0 %c %" PRIu64 " %" PRIu64 " 0 0\n", one.message + 1,
                            one.kind == ECHOED ? 'e' : 'r', one.era, one.ordinal);
        memcpy(payload + head, &one.message, sizeof one.message);
        heard.pattern = (struct name){"bridge:live:*", 13};
        heard.channel = (struct name){"bridge:live:public:a", 20};
        heard.payload = (struct name){payload, (size_t)head + sizeof one.message};
        break;
    }
    }
    listener.events.message(listener.arg, &heard);
}

static void deliver_answer(void)
{
    struct call call = calls[call_first++];
    call_answer(&call, call.fails ? REPLY_ERROR : REPLY_OK);
}

/* --- the game ----------------------------------------------------------------------------------------------------- */

static void links_up(void)
{
    if (!caller.is_up) {
        caller.is_up = true;
        caller.events.up(caller.arg);
    }
    if (!listener.is_up) {
        listener.is_up = true;
        is_holder = false;
        listener.events.up(listener.arg);
    }
}

static void wires_compact(void)
{
    if (push_first == push_end)
        push_first = push_end = 0;
    if (call_first == call_end)
        call_first = call_executed = call_end = 0;
}

static void step(void)
{
    switch (roll(14)) {
    case 0:
    case 1:
    case 2:
        if (published < MESSAGES_MAX)
            redis_publish(roll(4) == 0);
        break;
    case 3:
    case 4:
    case 5:
        if (push_first < push_end)
            deliver_push();
        break;
    case 6:
    case 7:
        if (call_executed < call_end)
            redis_execute();
        break;
    case 8:
    case 9:
        if (call_first < call_executed)
            deliver_answer();
        break;
    case 10:
        turn();
        break;
    case 11:
        clock_hold(clock_now_ms() + roll(roll(30) == 0 ? 5000 : 50));
        break;
    case 12:
        if (roll(25) == 0)
            listener_die();
        else if (roll(10) == 0)
            caller_die();
        break;
    case 13:
        links_up();
        break;
    }
    wires_compact();
}

static void settle(void)
{
    for (unsigned i = 0; i < 6000; i++) {
        links_up();
        if (push_first < push_end)
            deliver_push();
        if (call_executed < call_end)
            redis_execute();
        if (call_first < call_executed)
            deliver_answer();
        clock_hold(clock_now_ms() + 10);
        turn();
        wires_compact();
    }
}

static void check_log(void)
{
    bool is_recorded[MESSAGES_MAX] = {0};
    for (unsigned i = 0; i < recorded_count; i++) {
        if (is_durable[recorded[i]])
            fail_msg("message %u was in the log already", recorded[i]);
        if (i > 0 && recorded[i] <= recorded[i - 1])
            fail_msg("message %u was recorded behind message %u", recorded[i], recorded[i - 1]);
        is_recorded[recorded[i]] = true;
    }
    for (unsigned i = 0; i < published; i++)
        if (is_promised[i] && !is_recorded[i])
            fail_msg("message %u was heard by the holder, and not recorded", i);
}

static unsigned total_recorded, total_published;

static void play(uint64_t game)
{
    static const struct redis_config config = {.prefix = "bridge:", .max_payload = 1024};
    static char *globs[] = {"public:*"};
    static const struct glob_list channels = {1, globs}, none = {0};
    const struct recorder_config recorder_config = {
        .redis = &config, .channels = &channels, .ephemeral = &none, .lease_ms = 3000};
    dice_begin(game);
    roll(2);
    published = recorded_count = timer_count = 0;
    push_first = push_end = call_first = call_executed = call_end = 0;
    era = last = 0;
    seat[0] = '\0';
    is_holder = false;
    memset(is_promised, 0, sizeof is_promised);
    clock_hold(1000);
    struct recorder *recorder = recorder_new(NULL, &recorder_config);
    assert_non_null(recorder);
    for (unsigned i = 0; i < STEPS; i++) {
        step();
        if (i % 100 == 0)
            settle();
    }
    settle();
    check_log();
    redis_publish(false);
    settle();
    assert_true(recorded_count > 0 && recorded[recorded_count - 1] == published - 1);
    total_recorded += recorded_count;
    total_published += published;
    recorder_free(recorder);
}

static bool is_over;

static void plain_messages_are_recorded_once_and_in_order(void **state)
{
    (void)state;
    total_recorded = total_published = 0;
    for (uint64_t game = 1; game <= GAMES; game++)
        play(game);
    is_over = true;
    print_message("%u games: %u of %u messages recorded\n", GAMES, total_recorded, total_published);
}

static int tell_seed(void **state)
{
    (void)state;
    if (!is_over)
        print_message("the last game had the seed %" PRIu64 "\n", dice_seed);
    return 0;
}

int main(void)
{
    log_open(LOG_ERROR, false, "test");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(plain_messages_are_recorded_once_and_in_order, tell_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
