/*
 * A browser gets the entries of its channels in order, each once, whatever comes in whatever order from the two
 * connections to Redis. Here Redis is a model in this file: it executes what the broker sends at any later moment, its
 * announcements and answers arrive at any later moment (in order on each connection, as TCP has it), connections die,
 * pages are short, tails are shorter, sockets fill up. A seeded run of dice decides; the seed is printed on failure.
 *
 *     test_pump [seed [steps]]     play one game again, or a longer one
 */
#include "hub.h"

#include "base/clock.h"
#include "base/loop.h"
#include "cmocka_all.h"
#include "dice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANNELS 4 /* a, b, c, d */
#define ENTRIES_MAX 4096
#define WIRE_MAX 8192
#define BROWSERS_MAX 12
#define GAMES 300
#define STEPS 1500

/* --- the loop, held by the test ----------------------------------------------------------------------------------- */

struct timer {
    loop_fn fn;
    void *arg;
};

static loop_fn turn_fn;
static void *turn_arg;
static struct timer beat_timer;

void loop_on_turn_end(struct loop *loop, loop_fn fn, void *arg)
{
    (void)loop;
    turn_fn = fn;
    turn_arg = arg;
}

void loop_again(struct loop *loop)
{
    (void)loop;
}

struct timer *timer_new(struct loop *loop, loop_fn fn, void *arg)
{
    (void)loop;
    beat_timer = (struct timer){fn, arg};
    return &beat_timer;
}

void timer_start(struct timer *timer, uint64_t after_ms)
{
    (void)timer, (void)after_ms;
}

void timer_free(struct timer *timer)
{
    (void)timer;
}

static void turn(void)
{
    turn_fn(turn_arg);
}

/* --- Redis -------------------------------------------------------------------------------------------------------- */

/* Everything that was ever published, in position order: entry i has the position (i + 1)-0. */
static unsigned published[ENTRIES_MAX], published_count; /* the channel */
static unsigned oldest_kept;                             /* the logs' entries before this are trimmed */

static struct position position_of(unsigned i)
{
    return (struct position){i + 1, 0};
}

static struct position newest_position(void)
{
    return published_count ? position_of(published_count - 1) : (struct position){0, 1};
}

/* The position before entry i in its channel. */
static struct position previous_of(unsigned i)
{
    for (unsigned j = i; j-- > 0;)
        if (published[j] == published[i])
            return position_of(j);
    return POSITION_BEGIN;
}

static bool name_matches(const char *name, size_t len, unsigned channel)
{
    char text = (char)('a' + channel);
    return glob_match(name, len, &text, 1);
}

static struct entry *entry_of(unsigned i)
{
    char channel = (char)('a' + published[i]);
    struct entry_source source = {.position = position_of(i),
                                  .previous = previous_of(i),
                                  .channel = &channel,
                                  .channel_len = 1,
                                  .event = "",
                                  .from = "",
                                  .payload = "x",
                                  .payload_len = 1};
    struct entry *entry = entry_new(&source);
    assert_non_null(entry);
    return entry;
}

/* The listener's wire. Commands on their way to Redis, and pushes on their way back. */
struct listener {
    struct listener_events events;
    void *arg;
    bool is_up;
};
struct push {
    enum { CONFIRM, MESSAGE } kind;
    bool is_pattern;
    char name[64]; /* of the subscription */
    int entry;     /* -1: a beat */
    struct position beat;
};
struct command {
    bool is_subscribe, is_pattern;
    char name[64];
};
static struct listener listener;
static struct command commands[WIRE_MAX];
static struct push pushes[WIRE_MAX];
static unsigned command_first, command_end, push_first, push_end;
static struct command subscriptions[64]; /* in force at Redis */
static unsigned subscription_count;

/* The caller's wire. */
enum call_kind { CALL_BEAT, CALL_READ, CALL_NEWEST, CALL_OTHER };
struct call {
    enum call_kind kind;
    char name[64];
    unsigned count;
    struct position after;
    caller_page_fn page_fn;
    caller_position_fn position_fn;
    void *arg;
    uint64_t ticket;
    /* once executed: */
    unsigned until, newest, oldest;
    bool has_more;
};
struct caller {
    struct caller_events events;
    void *arg;
    bool is_up;
};
static struct caller caller;
static struct call calls[WIRE_MAX];
static unsigned call_first, call_executed, call_end;
static unsigned page_max;

static void push(const struct push *one)
{
    assert_true(push_end < WIRE_MAX);
    pushes[push_end++] = *one;
}

static void redis_publish(unsigned channel)
{
    unsigned i = published_count++;
    published[i] = channel;
    for (int patterns = 0; patterns < 2; patterns++) /* exact subscribers first, then patterns, as Redis does */
        for (unsigned s = 0; s < subscription_count; s++) {
            const struct command *sub = &subscriptions[s];
            if (strncmp(sub->name, "bridge:live:", 12) != 0 || sub->is_pattern != (patterns == 1) ||
                !name_matches(sub->name + 12, strlen(sub->name) - 12, channel))
                continue;
            struct push one = {.kind = MESSAGE, .is_pattern = sub->is_pattern, .entry = (int)i};
            strcpy(one.name, sub->name);
            push(&one);
        }
}

static void redis_execute_command(void)
{
    const struct command *command = &commands[command_first++];
    unsigned s = 0;
    while (s < subscription_count && strcmp(subscriptions[s].name, command->name) != 0)
        s++;
    if (!command->is_subscribe) {
        if (s < subscription_count)
            subscriptions[s] = subscriptions[--subscription_count];
        return;
    }
    if (s == subscription_count)
        subscriptions[subscription_count++] = *command;
    struct push confirm = {.kind = CONFIRM, .is_pattern = command->is_pattern};
    strcpy(confirm.name, command->name);
    push(&confirm);
}

static void redis_execute_call(void)
{
    struct call *call = &calls[call_executed++];
    call->newest = published_count;
    call->oldest = oldest_kept;
    if (call->kind == CALL_BEAT) {
        for (unsigned s = 0; s < subscription_count; s++)
            if (strncmp(subscriptions[s].name, "bridge:beat:", 12) == 0) {
                struct push one = {.kind = MESSAGE, .entry = -1, .beat = newest_position()};
                strcpy(one.name, subscriptions[s].name);
                push(&one);
            }
    }
    if (call->kind == CALL_READ)
        call->until = 1 + roll(page_max);
}

/* --- the redis room, as the broker sees it ------------------------------------------------------------------------ */

struct listener *listener_new(struct loop *loop, const struct redis_config *config, const char *role,
                              const struct listener_events *events, void *arg)
{
    (void)loop, (void)config, (void)role;
    listener = (struct listener){.events = *events, .arg = arg};
    return &listener;
}

void listener_free(struct listener *l)
{
    l->is_up = false;
}

bool listener_is_up(const struct listener *l)
{
    return l->is_up;
}

void listener_hear_more(struct listener *l)
{
    (void)l; /* what was said comes by the wire, whenever the dice say so */
}

const char *listener_trouble(const struct listener *l)
{
    (void)l;
    return "";
}

static void listener_command(bool is_subscribe, bool is_pattern, struct bytes name)
{
    assert_true(listener.is_up && command_end < WIRE_MAX);
    struct command *command = &commands[command_end++];
    *command = (struct command){.is_subscribe = is_subscribe, .is_pattern = is_pattern};
    snprintf(command->name, sizeof command->name, "%.*s", (int)name.len, name.data);
}

void listener_subscribe(struct listener *l, bool is_pattern, struct bytes name)
{
    (void)l;
    listener_command(true, is_pattern, name);
}

void listener_unsubscribe(struct listener *l, bool is_pattern, struct bytes name)
{
    (void)l;
    listener_command(false, is_pattern, name);
}

static void listener_die(void)
{
    if (!listener.is_up)
        return;
    listener.is_up = false;
    command_first = command_end = push_first = push_end = subscription_count = 0;
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

static void call_answer(struct call *call, enum reply_status status);

static void caller_answer_all_down(void)
{
    while (call_first < call_end) {
        struct call call = calls[call_first++];
        call_answer(&call, REPLY_DOWN);
    }
    call_first = call_executed = call_end = 0;
}

void caller_free(struct caller *c)
{
    c->is_up = false;
    caller_answer_all_down();
}

bool caller_is_up(const struct caller *c)
{
    return c->is_up;
}

const char *caller_trouble(const struct caller *c)
{
    (void)c;
    return "";
}

static struct call *call_new(enum call_kind kind, void *arg, uint64_t ticket)
{
    assert_true(call_end < WIRE_MAX);
    struct call *call = &calls[call_end++];
    *call = (struct call){.kind = kind, .arg = arg, .ticket = ticket};
    return call;
}

void caller_beat(struct caller *c, const char *worker, caller_position_fn fn, void *arg, uint64_t ticket)
{
    (void)c, (void)worker;
    call_new(CALL_BEAT, arg, ticket)->position_fn = fn;
}

void caller_witness(struct caller *c, struct position position, struct bytes channel)
{
    (void)c, (void)position, (void)channel; /* this Redis loses nothing */
}

void caller_publish(struct caller *c, const struct publication *p, caller_position_fn fn, void *arg, uint64_t ticket)
{
    (void)c, (void)p;
    call_new(CALL_OTHER, arg, ticket)->position_fn = fn;
}

void caller_publish_plain(struct caller *c, struct bytes channel, struct bytes payload, caller_position_fn fn,
                          void *arg, uint64_t ticket)
{
    (void)c, (void)channel, (void)payload;
    call_new(CALL_OTHER, arg, ticket)->position_fn = fn;
}

void caller_newest(struct caller *c, const struct bytes *names, unsigned count, unsigned newest, caller_position_fn fn,
                   void *arg, uint64_t ticket)
{
    (void)c;
    struct call *call = call_new(CALL_NEWEST, arg, ticket);
    call->position_fn = fn;
    call->count = newest;
    assert_true(count > 0);
    snprintf(call->name, sizeof call->name, "%.*s", (int)names[0].len, names[0].data);
}

void caller_read(struct caller *c, const struct bytes *names, unsigned count, struct position after, unsigned limit,
                 caller_page_fn fn, void *arg, uint64_t ticket)
{
    (void)c, (void)limit;
    assert_int_equal(count, 1);
    struct call *call = call_new(CALL_READ, arg, ticket);
    call->page_fn = fn;
    call->after = after;
    snprintf(call->name, sizeof call->name, "%.*s", (int)names[0].len, names[0].data);
}

/* What read() answered at the moment when it was executed: at most call->until entries. */
static void call_answer_page(const struct call *call, struct reply reply)
{
    struct entry *entries[ENTRIES_MAX];
    struct log_extent extent = {0};
    struct page page = {
        .after = call->after, .genesis = {0, 1}, .entries = entries, .extent_count = 1, .extents = &extent};
    page.newest = call->newest ? position_of(call->newest - 1) : (struct position){0, 1};
    page.until = position_max(page.newest, call->after);
    for (unsigned i = 0; i < call->newest; i++) {
        if (!name_matches(call->name, strlen(call->name), published[i]))
            continue;
        if (i < call->oldest) {
            extent.trimmed = position_of(i);
            continue;
        }
        if (!extent.has_log)
            extent.oldest = position_of(i);
        extent.has_log = true;
        if (position_compare(position_of(i), call->after) <= 0 || page.has_more)
            continue;
        if (page.count == call->until) {
            page.has_more = true;
            page.until = entries[page.count - 1]->position;
            continue;
        }
        entries[page.count++] = entry_of(i);
    }
    call->page_fn(call->arg, call->ticket, reply, &page);
    for (unsigned i = 0; i < page.count; i++)
        entry_unref(entries[i]);
}

static void call_answer(struct call *call, enum reply_status status)
{
    struct reply reply = {status, ""};
    if (call->kind == CALL_READ) {
        if (status == REPLY_OK)
            call_answer_page(call, reply);
        else
            call->page_fn(call->arg, call->ticket, reply, &(struct page){0});
        return;
    }
    struct position position = call->newest ? position_of(call->newest - 1) : (struct position){0, 1};
    if (call->kind == CALL_NEWEST) {
        unsigned left = call->count;
        for (unsigned i = call->newest; i-- > 0 && left > 0;)
            if (name_matches(call->name, strlen(call->name), published[i])) {
                left--;
                position = i ? position_of(i - 1) : (struct position){0, 1};
            }
    }
    call->position_fn(call->arg, call->ticket, reply, position);
}

static void caller_die(void)
{
    if (!caller.is_up)
        return;
    caller.is_up = false;
    caller_answer_all_down();
    caller.events.down(caller.arg, "cut");
}

static void deliver_push(void)
{
    struct push one = pushes[push_first++];
    struct bytes name = {one.name, strlen(one.name)};
    if (one.kind == CONFIRM) {
        listener.events.confirmed(listener.arg, one.is_pattern, name);
        return;
    }
    struct heard heard = {.channel = name};
    char payload[128], channel[64];
    if (one.entry < 0) {
        heard.payload = (struct bytes){payload, position_print(payload, one.beat)};
    } else {
        unsigned i = (unsigned)one.entry;
        snprintf(channel, sizeof channel, "bridge:live:%c", 'a' + (int)published[i]);
        snprintf(payload, sizeof payload, "%s %s r 1 1 0 0\nx", POSITION_TEXT(position_of(i)),
                 POSITION_TEXT(previous_of(i)));
        heard.channel = (struct bytes){channel, strlen(channel)};
        heard.payload = (struct bytes){payload, strlen(payload)};
        if (one.is_pattern)
            heard.pattern = name;
    }
    listener.events.message(listener.arg, &heard);
}

static void deliver_answer(void)
{
    struct call call = calls[call_first++];
    call_answer(&call, REPLY_OK);
}

/* --- browsers ----------------------------------------------------------------------------------------------------- */

struct browser {
    struct subscriber *subscriber; /* NULL: not there */
    struct position start;         /* as told by sink.cursor */
    bool has_start, is_full;
    unsigned name_count;
    char names[3][8];
    bool is_gap_told, is_begun, asks_for_kept;
    unsigned kept; /* oldest_kept when it was given its first */
    unsigned next; /* the first of published[] that is not accounted for */
    /* One more channel, asked for later and from a place of its own; -1: none. In order for itself. */
    int late;
    unsigned late_next;
    bool is_late_told; /* caught up: the cursor covers it */
};

#define LATE_TAG 100

static struct browser browsers[BROWSERS_MAX];
static struct broker *broker;
static unsigned given, gaps, fulls;

static bool browser_wants(const struct browser *b, unsigned i)
{
    if ((int)published[i] == b->late)
        return false;
    for (unsigned n = 0; n < b->name_count; n++)
        if (name_matches(b->names[n], strlen(b->names[n]), published[i]))
            return true;
    return false;
}

/* Is it clear to the browser that it may not get entry i? Whoever asks for what is kept asks for no more. */
static bool browser_knows(const struct browser *b, unsigned i)
{
    unsigned kept = b->is_begun ? b->kept : oldest_kept;
    return i < oldest_kept && (b->is_gap_told || (b->asks_for_kept && i < kept));
}

static void browser_given_late(struct browser *b, unsigned i)
{
    if (i < b->late_next)
        fail_msg("entry %u of a late channel came, those from %u on were due", i, b->late_next);
    for (unsigned j = b->late_next; j < i; j++)
        if (published[j] == published[i] && !(b->is_gap_told && j < oldest_kept))
            fail_msg("entry %u of a late channel came, entry %u had not", i, j);
    b->late_next = i + 1;
    given++;
}

/* The next entry that must come, given all that came before. */
static void browser_given(struct browser *b, unsigned i)
{
    assert_true(b->has_start);
    if ((int)published[i] == b->late) {
        browser_given_late(b, i);
        return;
    }
    assert_true(browser_wants(b, i));
    assert_true(i >= b->next);
    for (unsigned j = b->next; j < i; j++)
        if (browser_wants(b, j) && !browser_knows(b, j))
            fail_msg("entry %u came, entry %u had not (kept are those from %u on)", i, j, oldest_kept);
    b->next = i + 1;
    given++;
}

static enum sink_result sink_answer(struct browser *b)
{
    assert_false(b->is_full);
    if (roll(4) == 0)
        b->is_full = true, fulls++;
    return b->is_full ? SINK_FULL : SINK_READY;
}

static enum sink_result on_write(void *sink, char *bytes, size_t len)
{
    struct browser *b = sink;
    if (!b->is_begun)
        b->kept = oldest_kept;
    b->is_begun = true;
    for (size_t at = 0; at < len; at += sizeof(uint64_t)) {
        uint64_t ms;
        memcpy(&ms, bytes + at, sizeof ms);
        browser_given(b, (unsigned)ms - 1);
    }
    return sink_answer(b);
}

static enum sink_result on_gap(void *sink, const struct gap *gap)
{
    struct browser *b = sink;
    if (gap->reason != GAP_TRIMMED || !oldest_kept)
        fail_msg("a gap was told: %s, after %s", gap_reason_name(gap->reason), POSITION_TEXT(gap->after));
    b->is_gap_told = true;
    gaps++;
    return sink_answer(b);
}

static enum sink_result on_cursor(void *sink, struct position cursor)
{
    struct browser *b = sink;
    assert_false(b->has_start);
    b->has_start = true;
    b->start = cursor;
    b->next = (unsigned)cursor.ms;
    return sink_answer(b);
}

static enum sink_result on_subscribed(void *sink, const char *name, uint64_t tag, struct position cursor)
{
    struct browser *b = sink;
    (void)name;
    if (tag == LATE_TAG)
        b->is_late_told = true;
    for (unsigned j = b->late_next;
         tag == LATE_TAG && j < published_count && position_compare(position_of(j), cursor) <= 0; j++)
        if ((int)published[j] == b->late && !(b->is_gap_told && j < oldest_kept))
            fail_msg("a late channel was told as caught up at %s, entry %u had not come", POSITION_TEXT(cursor), j);
    return sink_answer(b);
}

static const struct sink_ops ops = {on_write, on_gap, on_cursor, on_subscribed};

static void encode(unsigned format, const struct entry *entry, struct buffer *out)
{
    (void)format;
    buffer_append(out, &entry->position.ms, sizeof entry->position.ms);
}

static void browser_come(struct browser *b)
{
    static const char *const names[] = {"a", "b", "c", "d", "*", "[ab]", "[bc]"};
    *b = (struct browser){.name_count = 1 + roll(3), .late = -1};
    struct start start = {.kind = START_NOW};
    unsigned kind = roll(5);
    if (kind == 0)
        start = (struct start){.kind = START_AFTER, .after = POSITION_BEGIN};
    else if (kind < 3 && published_count)
        start = (struct start){.kind = START_AFTER, .after = position_of(roll(published_count))};
    else if (kind == 3 && b->name_count == 1)
        start = (struct start){.kind = START_NEWEST, .count = 1 + roll(5)};
    b->asks_for_kept = kind == 0 || start.kind == START_NEWEST;
    b->subscriber = subscriber_new(broker, &ops, b, 0);
    assert_non_null(b->subscriber);
    for (unsigned n = 0; n < b->name_count; n++) {
        strcpy(b->names[n], names[roll(7)]);
        enum add_result result = subscriber_add(b->subscriber, b->names[n], strlen(b->names[n]), &start, n);
        if (result == ADD_ALREADY)
            b->name_count = n;
        else
            assert_int_equal(result, ADD_OK);
    }
}

/* Ask for one more channel, or leave it again. */
static void browser_change(struct browser *b)
{
    unsigned channel = roll(CHANNELS);
    char name[2] = {(char)('a' + channel), '\0'};
    if (b->late >= 0) {
        name[0] = (char)('a' + b->late);
        assert_true(subscriber_remove(b->subscriber, name, 1));
        b->late = -1;
        b->is_late_told = false;
        return;
    }
    for (unsigned n = 0; n < b->name_count; n++)
        if (name_matches(b->names[n], strlen(b->names[n]), channel))
            return;
    if (!published_count || !b->has_start)
        return;
    unsigned i = roll(published_count);
    struct start start = {.kind = START_AFTER, .after = position_of(i)};
    assert_int_equal(subscriber_add(b->subscriber, name, 1, &start, LATE_TAG), ADD_OK);
    b->late = (int)channel;
    b->late_next = i + 1;
    b->is_late_told = false;
}

static void browser_go(struct browser *b)
{
    subscriber_free(b->subscriber);
    b->subscriber = NULL;
}

/* A heartbeat's cursor must never pass by something that has not been given. */
static void browser_heartbeat(struct browser *b)
{
    struct position cursor;
    if (!subscriber_cursor(b->subscriber, &cursor))
        return;
    for (unsigned j = b->next; j < published_count && position_compare(position_of(j), cursor) <= 0; j++)
        if (browser_wants(b, j) && !browser_knows(b, j))
            fail_msg("the cursor %s was told, entry %u had not come", POSITION_TEXT(cursor), j);
    for (unsigned j = b->late_next;
         b->is_late_told && j < published_count && position_compare(position_of(j), cursor) <= 0; j++)
        if ((int)published[j] == b->late && !(b->is_gap_told && j < oldest_kept))
            fail_msg("the cursor %s was told, entry %u of a late channel had not come", POSITION_TEXT(cursor), j);
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
        listener.events.up(listener.arg);
    }
}

static void wires_compact(void)
{
    if (push_first == push_end)
        push_first = push_end = 0;
    if (command_first == command_end)
        command_first = command_end = 0;
    if (call_first == call_end)
        call_first = call_executed = call_end = 0;
}

static void step(bool trims)
{
    struct browser *b = &browsers[roll(BROWSERS_MAX)];
    switch (roll(24)) {
    case 0:
    case 1:
    case 2:
        if (published_count < ENTRIES_MAX)
            redis_publish(roll(CHANNELS));
        break;
    case 3:
    case 4:
        if (command_first < command_end)
            redis_execute_command();
        break;
    case 5:
    case 6:
    case 7:
    case 8:
        if (push_first < push_end)
            deliver_push();
        break;
    case 9:
    case 10:
        if (call_executed < call_end)
            redis_execute_call();
        break;
    case 11:
    case 12:
        if (call_first < call_executed)
            deliver_answer();
        break;
    case 13:
    case 14:
    case 15:
        turn();
        break;
    case 16:
        if (!b->subscriber)
            browser_come(b);
        else if (roll(4) == 0)
            browser_go(b);
        else
            browser_change(b);
        break;
    case 17:
    case 18:
        if (b->subscriber && b->is_full) {
            b->is_full = false;
            subscriber_writable(b->subscriber);
        }
        break;
    case 19:
        if (roll(12) == 0)
            listener_die();
        else if (roll(12) == 0)
            caller_die();
        break;
    case 20:
        links_up();
        break;
    case 21:
        clock_hold(clock_now_ms() + 500);
        beat_timer.fn(beat_timer.arg);
        break;
    case 22:
        if (b->subscriber)
            browser_heartbeat(b);
        break;
    case 23:
        if (trims && roll(10) == 0 && oldest_kept < published_count)
            oldest_kept += roll(published_count - oldest_kept);
        break;
    }
    wires_compact();
}

/* Everything that is under way arrives; afterwards everybody must have everything. */
static void settle(void)
{
    for (unsigned i = 0; i < 4000; i++) {
        links_up();
        if (command_first < command_end)
            redis_execute_command();
        if (push_first < push_end)
            deliver_push();
        if (call_executed < call_end)
            redis_execute_call();
        if (call_first < call_executed)
            deliver_answer();
        if (i % 50 == 0) {
            clock_hold(clock_now_ms() + 1000);
            beat_timer.fn(beat_timer.arg);
        }
        for (unsigned n = 0; n < BROWSERS_MAX; n++)
            if (browsers[n].subscriber && browsers[n].is_full) {
                browsers[n].is_full = false;
                subscriber_writable(browsers[n].subscriber);
            }
        turn();
        wires_compact();
    }
}

static void play(uint64_t game, unsigned steps, bool trims)
{
    static const struct redis_config config = {.prefix = "bridge:", .max_payload = 1024};
    static const struct glob_list none = {0};
    const struct broker_config broker_config = {.redis = &config,
                                                .ephemeral = &none,
                                                .tail_entries = 2 + game % 5,
                                                .tail_bytes = 1 << 20,
                                                .tails_bytes = game % 3 ? 1 << 20 : 1500,
                                                .encode = encode};
    dice_begin(game);
    roll(2);
    published_count = oldest_kept = subscription_count = 0;
    command_first = command_end = push_first = push_end = call_first = call_executed = call_end = 0;
    page_max = 1 + roll(6);
    memset(browsers, 0, sizeof browsers);
    clock_hold(1000);
    broker = broker_new(NULL, &broker_config);
    assert_non_null(broker);

    for (unsigned i = 0; i < steps; i++)
        step(trims);
    settle();
    for (unsigned n = 0; n < BROWSERS_MAX; n++) {
        struct browser *b = &browsers[n];
        if (!b->subscriber)
            continue;
        assert_true(b->has_start);
        for (unsigned j = b->next; j < published_count; j++)
            if (browser_wants(b, j) && !browser_knows(b, j))
                fail_msg("browser %u never got entry %u: state %u, cursor %s", n, j, b->subscriber->state,
                         POSITION_TEXT(b->subscriber->cursor));
        for (unsigned j = b->late_next; j < published_count; j++)
            if ((int)published[j] == b->late && !(b->is_gap_told && j < oldest_kept))
                fail_msg("browser %u never got entry %u of its late channel", n, j);
        assert_int_equal(b->subscriber->state, SUB_LIVE);
        browser_go(b);
    }
    settle();
    assert_int_equal(HASH_CNT(by_name, broker->feeds), 0);
    broker_free(broker);
}

static unsigned games = GAMES, steps = STEPS;
static uint64_t first_game = 1;

static bool is_over;

static void play_all(bool trims)
{
    is_over = false;
    given = gaps = fulls = 0;
    for (uint64_t game = first_game; game < first_game + games; game++)
        play(game, steps, trims);
    is_over = true;
    print_message("%u games: %u entries given, %u gaps told, %u times a socket was full\n", games, given, gaps, fulls);
    assert_true(given > 0 && fulls > 0);
}

static void everything_comes_once_and_in_order(void **state)
{
    (void)state;
    play_all(false);
    assert_int_equal(gaps, 0);
}

static void what_was_trimmed_is_told_and_the_rest_comes(void **state)
{
    (void)state;
    play_all(true);
    assert_true(games < 10 || gaps > 0);
}

static int tell_seed(void **state)
{
    (void)state;
    if (!is_over)
        print_message("the last game had the seed %" PRIu64 "\n", dice_seed);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        first_game = strtoull(argv[1], NULL, 10);
        games = 1;
    }
    if (argc > 2)
        steps = (unsigned)strtoul(argv[2], NULL, 10);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(everything_comes_once_and_in_order, tell_seed),
        cmocka_unit_test_teardown(what_was_trimmed_is_told_and_the_rest_comes, tell_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
