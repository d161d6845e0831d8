/*
 * A browser gets the entries of its channels in order, each once, in whatever order things arrive on the two
 * connections to Redis. Here Redis is a model in this file: it executes what the broker sends at any later moment, its
 * announcements and answers arrive at any later moment (in order on each connection, as with TCP), connections die,
 * pages are short, tails are shorter, sockets fill up. Seeded random numbers decide; the seed is printed on failure.
 *
 * The same with three shards, each a Redis of its own: an id says what the browser was given of each shard, so that the
 * browser may be disconnected at any byte and resumes exactly; and a shard that is away does not delay the others.
 *
 *     test_pump [seed [steps]]     replay one game of each kind, or play a longer one
 */
#include "broker/broker.h"
#include "broker/subscriber.h"

#include "base/clock.h"
#include "base/loop.h"
#include "cmocka_all.h"
#include "dice.h"
#include "feed.h"
#include "redis/beat.h"
#include "redis/config.h"
#include "redis/listener.h"
#include "redis/page.h"
#include "redis/publish.h"
#include "shard.h"
#include "state.h"
#include "strand.h"
#include "subscriber.h"
#include "words/cursor.h"
#include "words/keyslot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANNELS 4 /* a, b, c, d */
#define ENTRIES_MAX 4096
#define WIRE_MAX 8192
#define BROWSERS_MAX 12
#define SHARDS_MAX 3
#define LAYOUT 7
#define PENDING_MAX (1 << 20) /* bytes in flight to one browser */
#define GAMES 300
#define STEPS 1500

/* --- the loop, driven by the test --------------------------------------------------------------------------------- */

struct timer {
    loop_fn fn;
    void *arg;
};

static loop_fn turn_fn;
static void *turn_arg;
static struct timer beat_timers[SHARDS_MAX];
static unsigned timer_count;

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
    assert_true(timer_count < SHARDS_MAX);
    beat_timers[timer_count] = (struct timer){fn, arg};
    return &beat_timers[timer_count++];
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

static unsigned shard_count;

/* Everything that was ever published, in chronological order. */
static unsigned published[ENTRIES_MAX], published_count; /* the channel of each entry */
static struct position positions[ENTRIES_MAX];
static unsigned oldest_kept; /* entries before this index are trimmed from the logs */

static unsigned shards[CHANNELS]; /* the shard of each channel */

static unsigned shard_of(unsigned channel)
{
    return shards[channel];
}

static struct position position_of(unsigned i)
{
    return positions[i];
}

/* With several shards, two neighbouring entries have the same position if they are in different shards. */
static struct position position_new(unsigned i)
{
    if (shard_count == 1)
        return (struct position){i + 1, 0};
    bool is_second = i % 2 == 1 && shard_of(published[i]) == shard_of(published[i - 1]);
    return (struct position){i / 2 + 1, is_second};
}

/* The newest position of a shard among the first `count` entries. */
static struct position newest_position(unsigned shard, unsigned count)
{
    while (count-- > 0)
        if (shard_of(published[count]) == shard)
            return position_of(count);
    return (struct position){0, 1};
}

/* The position of the entry before entry i in its channel. */
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
    struct entry_source source = {
        .position = position_of(i), .previous = previous_of(i), .channel = {&channel, 1}, .payload = BYTES("x")};
    struct entry *entry = entry_new(&source);
    assert_non_null(entry);
    return entry;
}

/* The listener's wire: commands in flight to Redis, and pushes in flight back. */
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
};

struct listener {
    struct listener_events events;
    void *arg;
    bool is_up;
    struct command commands[WIRE_MAX];
    struct push pushes[WIRE_MAX];
    unsigned command_first, command_end, push_first, push_end;
    struct command subscriptions[64]; /* active in Redis */
    unsigned subscription_count;
};
struct caller {
    struct caller_events events;
    void *arg;
    bool is_up;
    struct call calls[WIRE_MAX];
    unsigned first, executed, end;
};

static struct listener listeners[SHARDS_MAX];
static struct caller callers[SHARDS_MAX];
static unsigned listener_count, caller_count;
static unsigned page_max;

static unsigned shard_of_caller(const struct caller *caller)
{
    return (unsigned)(caller - callers);
}

static void push(struct listener *l, const struct push *one)
{
    assert_true(l->push_end < WIRE_MAX);
    l->pushes[l->push_end++] = *one;
}

static void redis_publish(unsigned channel)
{
    unsigned i = published_count++;
    struct listener *l = &listeners[shard_of(channel)];
    published[i] = channel;
    positions[i] = position_new(i);
    for (int patterns = 0; patterns < 2; patterns++) /* exact subscribers first, then patterns, as Redis does */
        for (unsigned s = 0; s < l->subscription_count; s++) {
            const struct command *sub = &l->subscriptions[s];
            if (strncmp(sub->name, "bridge:live:", 12) != 0 || sub->is_pattern != (patterns == 1) ||
                !name_matches(sub->name + 12, strlen(sub->name) - 12, channel))
                continue;
            struct push one = {.kind = MESSAGE, .is_pattern = sub->is_pattern, .entry = (int)i};
            strcpy(one.name, sub->name);
            push(l, &one);
        }
}

static void redis_execute_command(struct listener *l)
{
    const struct command *command = &l->commands[l->command_first++];
    unsigned s = 0;
    while (s < l->subscription_count && strcmp(l->subscriptions[s].name, command->name) != 0)
        s++;
    if (!command->is_subscribe) {
        if (s < l->subscription_count)
            l->subscriptions[s] = l->subscriptions[--l->subscription_count];
        return;
    }
    if (s == l->subscription_count)
        l->subscriptions[l->subscription_count++] = *command;
    struct push confirm = {.kind = CONFIRM, .is_pattern = command->is_pattern};
    strcpy(confirm.name, command->name);
    push(l, &confirm);
}

static void redis_execute_call(struct caller *c)
{
    struct call *call = &c->calls[c->executed++];
    struct listener *l = &listeners[shard_of_caller(c)];
    call->newest = published_count;
    call->oldest = oldest_kept;
    if (call->kind == CALL_BEAT) {
        for (unsigned s = 0; s < l->subscription_count; s++)
            if (strncmp(l->subscriptions[s].name, "bridge:beat:", 12) == 0) {
                struct push one = {
                    .kind = MESSAGE, .entry = -1, .beat = newest_position(shard_of_caller(c), published_count)};
                strcpy(one.name, l->subscriptions[s].name);
                push(l, &one);
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
    struct listener *l = &listeners[listener_count++];
    memset(l, 0, sizeof *l);
    l->events = *events;
    l->arg = arg;
    return l;
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
    (void)l; /* messages arrive only when the dice deliver them */
}

const char *listener_trouble(const struct listener *l)
{
    (void)l;
    return "";
}

static void listener_command(struct listener *l, bool is_subscribe, bool is_pattern, struct bytes name)
{
    assert_true(l->is_up && l->command_end < WIRE_MAX);
    struct command *command = &l->commands[l->command_end++];
    *command = (struct command){.is_subscribe = is_subscribe, .is_pattern = is_pattern};
    snprintf(command->name, sizeof command->name, "%.*s", (int)name.len, name.data);
}

void listener_subscribe_aware(struct listener *listener, const struct redis_config *redis)
{
    (void)listener, (void)redis; /* nothing is said there */
}

void listener_subscribe(struct listener *l, bool is_pattern, struct bytes name)
{
    listener_command(l, true, is_pattern, name);
}

void listener_unsubscribe(struct listener *l, bool is_pattern, struct bytes name)
{
    listener_command(l, false, is_pattern, name);
}

static void listener_die(struct listener *l)
{
    if (!l->is_up)
        return;
    l->is_up = false;
    l->command_first = l->command_end = l->push_first = l->push_end = l->subscription_count = 0;
    l->events.down(l->arg, "cut");
}

void listener_restart(struct listener *l, const char *why)
{
    (void)why;
    listener_die(l);
}

struct caller *caller_new(struct loop *loop, const struct redis_config *config, const char *role,
                          const struct caller_events *events, void *arg)
{
    (void)loop, (void)config, (void)role;
    struct caller *c = &callers[caller_count++];
    memset(c, 0, sizeof *c);
    c->events = *events;
    c->arg = arg;
    return c;
}

static void call_answer(const struct caller *c, struct call *call, enum reply_status status);

static void caller_answer_all_down(struct caller *c)
{
    while (c->first < c->end) {
        struct call call = c->calls[c->first++];
        call_answer(c, &call, REPLY_DOWN);
    }
    c->first = c->executed = c->end = 0;
}

void caller_free(struct caller *c)
{
    c->is_up = false;
    caller_answer_all_down(c);
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

static struct call *call_new(struct caller *c, enum call_kind kind, void *arg, uint64_t ticket)
{
    assert_true(c->end < WIRE_MAX);
    struct call *call = &c->calls[c->end++];
    *call = (struct call){.kind = kind, .arg = arg, .ticket = ticket};
    return call;
}

void caller_beat(struct caller *c, const char *worker, caller_position_fn fn, void *arg, uint64_t ticket)
{
    (void)worker;
    call_new(c, CALL_BEAT, arg, ticket)->position_fn = fn;
}

void caller_probe(struct caller *c, caller_done_fn fn, void *arg, uint64_t ticket)
{
    (void)c, (void)fn, (void)arg, (void)ticket;
}

void caller_witness(struct caller *c, struct position position, struct bytes channel)
{
    (void)c, (void)position, (void)channel; /* this Redis loses nothing */
}

void caller_publish(struct caller *c, const struct message *message, caller_position_fn fn, void *arg, uint64_t ticket)
{
    (void)message;
    call_new(c, CALL_OTHER, arg, ticket)->position_fn = fn;
}

void caller_publish_plain(struct caller *c, struct bytes channel, struct bytes payload, caller_position_fn fn,
                          void *arg, uint64_t ticket)
{
    (void)channel, (void)payload;
    call_new(c, CALL_OTHER, arg, ticket)->position_fn = fn;
}

void caller_newest(struct caller *c, const struct bytes *names, unsigned count, unsigned newest, caller_position_fn fn,
                   void *arg, uint64_t ticket)
{
    struct call *call = call_new(c, CALL_NEWEST, arg, ticket);
    call->position_fn = fn;
    call->count = newest;
    assert_true(count > 0);
    snprintf(call->name, sizeof call->name, "%.*s", (int)names[0].len, names[0].data);
}

void caller_read(struct caller *c, const struct bytes *names, unsigned count, struct position after, unsigned limit,
                 caller_page_fn fn, void *arg, uint64_t ticket)
{
    (void)limit;
    assert_int_equal(count, 1);
    struct call *call = call_new(c, CALL_READ, arg, ticket);
    call->page_fn = fn;
    call->after = after;
    snprintf(call->name, sizeof call->name, "%.*s", (int)names[0].len, names[0].data);
}

static bool call_concerns(const struct caller *c, const struct call *call, unsigned i)
{
    return shard_of(published[i]) == shard_of_caller(c) && name_matches(call->name, strlen(call->name), published[i]);
}

/* The page as read() saw it when it was executed: at most call->until entries. */
static void call_answer_page(const struct caller *c, const struct call *call, struct reply reply)
{
    struct entry *entries[ENTRIES_MAX];
    struct log_extent extent = {0};
    struct page page = {
        .after = call->after, .genesis = {0, 1}, .entries = entries, .extent_count = 1, .extents = &extent};
    page.newest = newest_position(shard_of_caller(c), call->newest);
    page.until = position_max(page.newest, call->after);
    for (unsigned i = 0; i < call->newest; i++) {
        if (!call_concerns(c, call, i))
            continue;
        if (i < call->oldest) {
            extent.trimmed = extent.missed = position_of(i);
            continue;
        }
        if (!extent.has_log)
            extent.oldest = position_of(i);
        extent.has_log = true;
        if (position_compare(page.newest, call->after) < 0 || position_compare(position_of(i), call->after) <= 0 ||
            page.has_more)
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

/* The position just before entry i in its shard. */
static struct position position_before(unsigned i)
{
    struct position p = position_of(i);
    if (p.seq > 0)
        return (struct position){p.ms, p.seq - 1};
    return p.ms > 1 ? (struct position){p.ms - 1, UINT64_MAX} : (struct position){0, 1};
}

static void call_answer(const struct caller *c, struct call *call, enum reply_status status)
{
    struct reply reply = {status, ""};
    if (call->kind == CALL_READ) {
        if (status == REPLY_OK)
            call_answer_page(c, call, reply);
        else
            call->page_fn(call->arg, call->ticket, reply, &(struct page){0});
        return;
    }
    struct position position = newest_position(shard_of_caller(c), call->newest);
    if (call->kind == CALL_NEWEST) {
        unsigned left = call->count;
        for (unsigned i = call->newest; i-- > call->oldest && left > 0;)
            if (call_concerns(c, call, i)) {
                left--;
                position = position_before(i);
            }
        if (left > 0)
            position = POSITION_BEGIN;
    }
    call->position_fn(call->arg, call->ticket, reply, position);
}

static void caller_die(struct caller *c)
{
    if (!c->is_up)
        return;
    c->is_up = false;
    caller_answer_all_down(c);
    c->events.down(c->arg, "cut");
}

static void deliver_push(struct listener *l)
{
    struct push one = l->pushes[l->push_first++];
    struct bytes name = {one.name, strlen(one.name)};
    if (one.kind == CONFIRM) {
        l->events.confirmed(l->arg, one.is_pattern, name);
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
    l->events.message(l->arg, &heard);
}

static void deliver_answer(struct caller *c)
{
    struct call call = c->calls[c->first++];
    call_answer(c, &call, REPLY_OK);
}

/* --- browsers ----------------------------------------------------------------------------------------------------- */

/* The wire format: a block is this struct, followed by the text of the cursor that is its id. */
struct block {
    char kind; /* 'e' an entry, 'g' a gap, 'c' a cursor, 'b' the first cursor, 's' a channel that is caught up */
    char channel;
    uint16_t id_len;
    uint32_t len; /* of the block, id included */
    uint64_t ms, seq;
    uint64_t tag;
};

struct browser {
    struct subscriber *subscriber; /* NULL: not connected */
    struct buffer pending;         /* written to its socket, not arrived yet */
    char id[CURSOR_TEXT_MAX];      /* the last that arrived, except those of late entries; "": none */
    bool has_start, is_full;
    unsigned name_count;
    char names[3][8];
    unsigned told;                 /* channels reported as caught up */
    bool has_cursor;               /* on this connection it was told its start ... */
    struct position gap_oldest[3]; /* ... and this is the `oldest` of its last gap, by name */
    bool is_gap_told;
    bool asks_for_kept[SHARDS_MAX];
    bool is_begun[SHARDS_MAX];          /* it was given its first entry of a shard ... */
    unsigned kept[SHARDS_MAX];          /* ... when this was oldest_kept */
    struct position starts[SHARDS_MAX]; /* entries up to here are not due */
    unsigned next[SHARDS_MAX];          /* the first of published[] that is not accounted for yet, by shard */
    /* One more channel, added later with a start of its own; -1: none. Its order is checked by itself. */
    int late;
    struct position late_start;
    unsigned late_next;
    bool is_late_told; /* caught up: the cursor covers it */
};

#define LATE_TAG 100

static struct browser browsers[BROWSERS_MAX];
static struct broker *broker;
static unsigned given, gaps, fulls, cuts;
static bool is_loss_expected; /* only `ahead` gaps are expected, entries are ignored */

static bool browser_asks_for(const struct browser *b, unsigned channel)
{
    for (unsigned n = 0; n < b->name_count; n++)
        if (name_matches(b->names[n], strlen(b->names[n]), channel))
            return true;
    return false;
}

static bool browser_wants(const struct browser *b, unsigned i)
{
    return (int)published[i] != b->late && browser_asks_for(b, published[i]) &&
           position_compare(position_of(i), b->starts[shard_of(published[i])]) > 0;
}

/* May entry i be missing: is it trimmed, and did the browser get a gap, or ask only for what was kept? */
static bool browser_knows(const struct browser *b, unsigned i)
{
    unsigned shard = shard_of(published[i]), kept = b->is_begun[shard] ? b->kept[shard] : oldest_kept;
    return i < oldest_kept && (b->is_gap_told || (b->asks_for_kept[shard] && i < kept));
}

static bool browser_lacks(const struct browser *b, unsigned i, unsigned shard)
{
    return shard_of(published[i]) == shard && browser_wants(b, i) && !browser_knows(b, i);
}

static bool browser_lacks_late(const struct browser *b, unsigned i)
{
    return (int)published[i] == b->late && position_compare(position_of(i), b->late_start) > 0 &&
           !(b->is_gap_told && i < oldest_kept);
}

/* Check that everything up to the id has been given, in each shard. */
static void browser_check_id(struct browser *b, const struct cursor *id)
{
    for (unsigned shard = 0; shard < shard_count; shard++) {
        struct position place = cursor_place(id, shard);
        for (unsigned j = b->next[shard]; j < published_count && positions[j].ms <= place.ms; j++)
            if (position_compare(position_of(j), place) <= 0 && browser_lacks(b, j, shard))
                fail_msg("the id %s was told, entry %u had not come", CURSOR_TEXT(id), j);
        while (b->next[shard] < published_count && (shard_of(published[b->next[shard]]) != shard ||
                                                    position_compare(position_of(b->next[shard]), place) <= 0))
            b->next[shard]++;
        for (unsigned j = b->late_next; b->is_late_told && j < published_count && positions[j].ms <= place.ms; j++)
            if (shard == shard_of((unsigned)b->late) && position_compare(position_of(j), place) <= 0 &&
                browser_lacks_late(b, j))
                fail_msg("the id %s was told, entry %u of a late channel had not come", CURSOR_TEXT(id), j);
    }
}

static void browser_given_late(struct browser *b, unsigned i)
{
    if (i < b->late_next)
        fail_msg("entry %u of a late channel came, those from %u on were due", i, b->late_next);
    for (unsigned j = b->late_next; j < i; j++)
        if (browser_lacks_late(b, j))
            fail_msg("entry %u of a late channel came, entry %u had not", i, j);
    b->late_next = i + 1;
}

/* Entry i has arrived: check that it is the next one that is due. */
static void browser_given(struct browser *b, unsigned i)
{
    unsigned shard = shard_of(published[i]);
    assert_true(b->has_start);
    given++;
    if ((int)published[i] == b->late) {
        browser_given_late(b, i);
        return;
    }
    assert_true(browser_asks_for(b, published[i]));
    if (i < b->next[shard])
        fail_msg("entry %u came, those from %u on were due", i, b->next[shard]);
    for (unsigned j = b->next[shard]; j < i; j++)
        if (browser_lacks(b, j, shard))
            fail_msg("entry %u came, entry %u had not (kept are those from %u on)", i, j, oldest_kept);
    b->next[shard] = i + 1;
}

static void browser_starts(struct browser *b, const struct cursor *cursor)
{
    if (b->has_start) /* it resumed: it keeps its first start */
        return;
    b->has_start = true;
    for (unsigned shard = 0; shard < shard_count; shard++) {
        b->starts[shard] = cursor_place(cursor, shard);
        b->next[shard] = 0;
        while (b->next[shard] < published_count &&
               (shard_of(published[b->next[shard]]) != shard ||
                position_compare(position_of(b->next[shard]), b->starts[shard]) <= 0))
            b->next[shard]++;
    }
}

static unsigned entry_at(char channel, struct position position)
{
    for (unsigned i = (unsigned)position.ms - 1; i < published_count; i++) /* no entry of this ms is earlier */
        if (published[i] == (unsigned)(channel - 'a') && position_compare(position_of(i), position) == 0)
            return i;
    fail_msg("an entry came that was never published: %c %s", channel, POSITION_TEXT(position));
    return 0;
}

static void browser_hear_block(struct browser *b, const struct block *block, const char *id_text)
{
    struct cursor id;
    assert_true(cursor_parse((struct bytes){id_text, block->id_len}, &id));
    bool is_late = (block->kind == 'e' || block->kind == 'g') && block->channel - 'a' == b->late;
    if (block->kind == 'c' && shard_count > 1 && b->late >= 0 &&
        !b->is_late_told) /* it counts for the cursor by then */
        is_late = true;
    if (block->kind == 'b')
        browser_starts(b, &id);
    if (block->kind == 'e')
        browser_given(b, entry_at(block->channel, (struct position){block->ms, block->seq}));
    b->told += block->kind == 's';
    if (block->kind == 's' && block->tag == LATE_TAG)
        b->is_late_told = true;
    if (block->kind == 'g')
        b->is_gap_told = true;
    if (is_late) /* while it catches up, its ids may be behind those of the others */
        return;
    browser_check_id(b, &id);
    memcpy(b->id, id_text, block->id_len);
    b->id[block->id_len] = '\0';
}

/* The first `len` pending bytes arrive. A block that is incomplete by then is not processed. */
static void browser_receive(struct browser *b, size_t len)
{
    size_t at = 0;
    struct block block;
    while (at + sizeof block <= len) {
        memcpy(&block, b->pending.data + at, sizeof block);
        if (at + block.len > len)
            break;
        browser_hear_block(b, &block, b->pending.data + at + sizeof block);
        at += block.len;
    }
    if (at > 0)
        memmove(b->pending.data, b->pending.data + at, b->pending.len - at);
    b->pending.len -= at;
}

static void block_append(struct buffer *out, struct block block, const struct cursor *id)
{
    char text[CURSOR_TEXT_MAX];
    block.id_len = (uint16_t)cursor_print(text, id);
    block.len = (uint32_t)(sizeof block + block.id_len);
    buffer_append(out, &block, sizeof block);
    buffer_append(out, text, block.id_len);
}

static enum sink_result sink_answer(struct browser *b)
{
    assert_true(!b->is_full && b->pending.len < PENDING_MAX);
    if (roll(4) == 0)
        b->is_full = true, fulls++;
    return b->is_full ? SINK_FULL : SINK_READY;
}

static enum sink_result on_write(void *sink, char *bytes, size_t len)
{
    struct browser *b = sink;
    struct block block;
    if (is_loss_expected)
        return SINK_READY;
    for (size_t at = 0; at < len; at += block.len) {
        memcpy(&block, bytes + at, sizeof block);
        unsigned shard = shard_of((unsigned)(block.channel - 'a'));
        if (!b->is_begun[shard])
            b->kept[shard] = oldest_kept;
        b->is_begun[shard] = true;
    }
    buffer_append(&b->pending, bytes, len);
    return sink_answer(b);
}

/* A loss is reported only once. */
static void browser_told_gap(struct browser *b, const struct gap *gap)
{
    for (unsigned n = 0; n < b->name_count; n++)
        if (gap->has_oldest && shard_count == 1 && bytes_is(gap->channel, b->names[n])) {
            assert_true(position_compare(gap->oldest, b->gap_oldest[n]) > 0);
            b->gap_oldest[n] = gap->oldest;
        }
}

static enum sink_result on_gap(void *sink, const struct gap *gap)
{
    struct browser *b = sink;
    if (is_loss_expected) {
        assert_int_equal(gap->reason, GAP_AHEAD);
        gaps++;
        return SINK_READY;
    }
    if (gap->reason != GAP_TRIMMED || !oldest_kept)
        fail_msg("a gap was told: %s, after %s", gap_reason_name(gap->reason), POSITION_TEXT(gap->after));
    browser_told_gap(b, gap);
    block_append(&b->pending, (struct block){.kind = 'g', .channel = gap->channel.data[0]}, gap->cursor);
    gaps++;
    return sink_answer(b);
}

static enum sink_result on_cursor(void *sink, const struct cursor *cursor)
{
    struct browser *b = sink;
    assert_false(b->has_cursor);
    b->has_cursor = true;
    block_append(&b->pending, (struct block){.kind = 'b'}, cursor);
    return sink_answer(b);
}

static enum sink_result on_subscribed(void *sink, struct bytes name, uint64_t tag, const struct cursor *cursor)
{
    struct browser *b = sink;
    (void)name;
    block_append(&b->pending, (struct block){.kind = 's', .tag = tag}, cursor);
    return sink_answer(b);
}

static const struct sink_ops ops = {on_write, on_gap, on_cursor, on_subscribed};

static void encode(unsigned format, const struct entry *entry, const struct cursor *cursor, struct buffer *out)
{
    struct cursor own;
    (void)format;
    cursor_init(&own, entry->position);
    block_append(
        out,
        (struct block){.kind = 'e', .channel = entry->channel[0], .ms = entry->position.ms, .seq = entry->position.seq},
        cursor ? cursor : &own);
}

static struct bytes name_of(const char *text)
{
    return (struct bytes){text, strlen(text)};
}

static void browser_connect(struct browser *b, const struct start *start)
{
    b->subscriber = subscriber_new(broker, &ops, b, 0);
    b->has_cursor = false;
    memset(b->gap_oldest, 0, sizeof b->gap_oldest);
    assert_non_null(b->subscriber);
    for (unsigned n = 0; n < b->name_count; n++) {
        enum add_result result = subscriber_add(b->subscriber, name_of(b->names[n]), start, n);
        if (result == ADD_ALREADY)
            b->name_count = n;
        else
            assert_int_equal(result, ADD_OK);
    }
}

static void browser_come(struct browser *b)
{
    static const char *const names[] = {"a", "b", "c", "d", "*", "[ab]", "[bc]"};
    struct buffer pending = b->pending;
    struct cursor after;
    buffer_clear(&pending);
    *b = (struct browser){.name_count = 1 + roll(3), .late = -1, .pending = pending};
    struct start start = {.kind = START_NOW, .after = &after};
    unsigned kind = roll(5);
    cursor_init(&after, POSITION_BEGIN);
    if (kind < 3 && (kind == 0 || published_count))
        start.kind = START_AFTER;
    if (kind > 0 && kind < 3 && published_count)
        cursor_init(&after, position_of(roll(published_count)));
    if (kind == 3 && b->name_count == 1)
        start = (struct start){.kind = START_NEWEST, .count = 1 + roll(5)};
    for (unsigned shard = 0; shard < shard_count; shard++)
        b->asks_for_kept[shard] = start.kind == START_NEWEST;
    for (unsigned n = 0; n < b->name_count; n++)
        strcpy(b->names[n], names[roll(7)]);
    browser_connect(b, &start);
}

/* The connection is cut at some byte; the browser resumes from the last id that arrived. */
static void browser_cut(struct browser *b)
{
    struct cursor after;
    if (!b->subscriber || b->late >= 0 || !b->id[0])
        return;
    browser_receive(b, b->pending.len ? roll((unsigned)b->pending.len + 1) : 0);
    buffer_clear(&b->pending);
    subscriber_free(b->subscriber);
    assert_true(cursor_parse(name_of(b->id), &after));
    b->is_full = false;
    for (unsigned shard = 0; shard < shard_count; shard++) {
        bool is_begin = position_is_begin(cursor_place(&after, shard));
        b->asks_for_kept[shard] = b->asks_for_kept[shard] && is_begin;
        b->is_begun[shard] = b->is_begun[shard] && !is_begin;
    }
    cuts++;
    browser_connect(b, &(struct start){.kind = START_AFTER, .after = &after});
}

/* Subscribe to one more channel, or unsubscribe from it again. */
static void browser_change(struct browser *b)
{
    unsigned channel = roll(CHANNELS);
    char name[2] = {(char)('a' + channel), '\0'};
    browser_receive(b, b->pending.len);
    if (b->late >= 0) {
        name[0] = (char)('a' + b->late);
        assert_true(subscriber_remove(b->subscriber, name_of(name)));
        b->late = -1;
        b->is_late_told = false;
        return;
    }
    if (browser_asks_for(b, channel) || !published_count || !b->has_start)
        return;
    struct cursor after;
    unsigned i = roll(published_count);
    cursor_init(&after, position_of(i));
    struct start start = {.kind = START_AFTER, .after = &after};
    assert_int_equal(subscriber_add(b->subscriber, name_of(name), &start, LATE_TAG), ADD_OK);
    b->late = (int)channel;
    b->late_start = position_of(i);
    b->late_next = 0;
    b->is_late_told = false;
}

static void browser_go(struct browser *b)
{
    browser_receive(b, b->pending.len);
    subscriber_free(b->subscriber);
    b->subscriber = NULL;
}

/* A heartbeat's cursor must never pass an entry that has not been given. */
static void browser_heartbeat(struct browser *b)
{
    struct cursor cursor;
    if (subscriber_cursor(b->subscriber, &cursor))
        block_append(&b->pending, (struct block){.kind = 'c'}, &cursor);
}

/* --- the game ----------------------------------------------------------------------------------------------------- */

static void links_up(unsigned shard)
{
    if (!callers[shard].is_up) {
        callers[shard].is_up = true;
        callers[shard].events.up(callers[shard].arg);
    }
    if (!listeners[shard].is_up) {
        listeners[shard].is_up = true;
        listeners[shard].events.up(listeners[shard].arg);
    }
}

static void links_down(unsigned shard)
{
    listener_die(&listeners[shard]);
    caller_die(&callers[shard]);
}

static void wires_compact(unsigned shard)
{
    struct listener *l = &listeners[shard];
    struct caller *c = &callers[shard];
    if (l->push_first == l->push_end)
        l->push_first = l->push_end = 0;
    if (l->command_first == l->command_end)
        l->command_first = l->command_end = 0;
    if (c->first == c->end)
        c->first = c->executed = c->end = 0;
}

/* Whatever has just happened, the state of every strand is sound. */
static void assert_sound(void)
{
    for (unsigned n = 0; n < BROWSERS_MAX; n++)
        if (browsers[n].subscriber)
            for (const struct strand *strand = &browsers[n].subscriber->first; strand; strand = strand->next)
                if (!strand_is_sound(strand))
                    fail_msg("browser %u: the state %u is not sound", n, strand->state);
}

static void step_of_browser(struct browser *b)
{
    if (!b->subscriber)
        browser_come(b);
    else if (roll(4) == 0)
        browser_go(b);
    else
        browser_change(b);
}

static void step(bool trims)
{
    struct browser *b = &browsers[roll(BROWSERS_MAX)];
    unsigned shard = shard_count == 1 ? 0 : roll(shard_count);
    struct listener *l = &listeners[shard];
    struct caller *c = &callers[shard];
    switch (roll(26)) {
    case 0:
    case 1:
    case 2:
        if (published_count < ENTRIES_MAX)
            redis_publish(roll(CHANNELS));
        break;
    case 3:
    case 4:
        if (l->command_first < l->command_end)
            redis_execute_command(l);
        break;
    case 5:
    case 6:
    case 7:
    case 8:
        if (l->push_first < l->push_end)
            deliver_push(l);
        break;
    case 9:
    case 10:
        if (c->executed < c->end)
            redis_execute_call(c);
        break;
    case 11:
    case 12:
        if (c->first < c->executed)
            deliver_answer(c);
        break;
    case 13:
    case 14:
    case 15:
        turn();
        break;
    case 16:
        step_of_browser(b);
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
            listener_die(l);
        else if (roll(12) == 0)
            caller_die(c);
        break;
    case 20:
        links_up(shard);
        break;
    case 21:
        clock_hold(clock_now_ms() + 500);
        beat_timers[shard].fn(beat_timers[shard].arg);
        break;
    case 22:
        if (b->subscriber)
            browser_heartbeat(b);
        break;
    case 23:
        if (trims && roll(10) == 0 && oldest_kept < published_count)
            oldest_kept += roll(published_count - oldest_kept);
        break;
    case 24:
        browser_receive(b, b->pending.len);
        break;
    case 25:
        if (roll(3) == 0)
            browser_cut(b);
        break;
    }
    wires_compact(shard);
    assert_sound();
}

static void settle_shard(unsigned shard, unsigned round)
{
    struct listener *l = &listeners[shard];
    struct caller *c = &callers[shard];
    links_up(shard);
    if (l->command_first < l->command_end)
        redis_execute_command(l);
    if (l->push_first < l->push_end)
        deliver_push(l);
    if (c->executed < c->end)
        redis_execute_call(c);
    if (c->first < c->executed)
        deliver_answer(c);
    if (round % 50 == 0) {
        clock_hold(clock_now_ms() + 1000);
        beat_timers[shard].fn(beat_timers[shard].arg);
    }
    wires_compact(shard);
}

/* Everything in flight arrives, except from the shard that is away (SHARDS_MAX: none is). */
static void settle(unsigned away)
{
    for (unsigned i = 0; i < 4000; i++) {
        for (unsigned shard = 0; shard < shard_count; shard++)
            if (shard != away)
                settle_shard(shard, i);
        for (unsigned n = 0; n < BROWSERS_MAX; n++)
            if (browsers[n].subscriber && browsers[n].is_full) {
                browsers[n].is_full = false;
                subscriber_writable(browsers[n].subscriber);
            }
        turn();
    }
    for (unsigned n = 0; n < BROWSERS_MAX; n++)
        browser_receive(&browsers[n], browsers[n].pending.len);
}

static bool is_over; /* the last game was played to its end */

static void begin(uint64_t game, unsigned count)
{
    static struct redis_config configs[SHARDS_MAX];
    static const struct glob_list none = {0};
    for (unsigned i = 0; i < SHARDS_MAX; i++)
        configs[i] = (struct redis_config){.prefix = "bridge:", .max_payload = 1024};
    const struct broker_config config = {.redis = configs,
                                         .shard_count = count,
                                         .layout = LAYOUT,
                                         .ephemeral = &none,
                                         .tail_entries = 2 + game % 5,
                                         .tail_bytes = 1 << 20,
                                         .tails_bytes = game % 3 ? 1 << 20 : 1500,
                                         .encode = encode};
    is_over = false;
    dice_begin(game);
    roll(2);
    shard_count = count;
    for (unsigned channel = 0; channel < CHANNELS; channel++) {
        char name = (char)('a' + channel);
        shards[channel] = keyslot_shard((struct bytes){&name, 1}, count);
    }
    published_count = oldest_kept = 0;
    timer_count = listener_count = caller_count = 0;
    page_max = 1 + roll(6);
    for (unsigned n = 0; n < BROWSERS_MAX; n++) {
        buffer_fini(&browsers[n].pending); /* left by a game that failed */
        browsers[n] = (struct browser){.late = -1};
    }
    clock_hold(1000);
    broker = broker_new(NULL, &config);
    assert_non_null(broker);
}

/* Let everything arrive: then every browser must have everything. */
static void end(void)
{
    settle(SHARDS_MAX);
    for (unsigned n = 0; n < BROWSERS_MAX; n++) {
        struct browser *b = &browsers[n];
        if (!b->subscriber)
            continue;
        assert_true(b->has_start);
        for (unsigned shard = 0; shard < shard_count; shard++)
            for (unsigned j = b->next[shard]; j < published_count; j++)
                if (browser_lacks(b, j, shard))
                    fail_msg("browser %u never got entry %u: state %u, id %s", n, j, b->subscriber->first.state, b->id);
        for (unsigned j = b->late_next; j < published_count; j++)
            if (browser_lacks_late(b, j))
                fail_msg("browser %u never got entry %u of its late channel", n, j);
        for (const struct strand *strand = &b->subscriber->first; strand; strand = strand->next)
            assert_true(strand->state == (strand->members ? STRAND_LIVE : STRAND_IDLE));
    }
    for (unsigned shard = 0; shard < shard_count; shard++) {
        struct feed *feed, *next;
        HASH_ITER (by_name, broker->shards[shard].feeds, feed, next)
            assert_true(TAILQ_EMPTY(&feed->pager.pages)); /* live strands need none */
    }
    for (unsigned n = 0; n < BROWSERS_MAX; n++)
        if (browsers[n].subscriber)
            browser_go(&browsers[n]);
    settle(SHARDS_MAX);
    for (unsigned shard = 0; shard < shard_count; shard++) {
        assert_int_equal(HASH_CNT(by_name, broker->shards[shard].feeds), 0);
        assert_int_equal(HASH_CNT(by_name, broker->shards[shard].sources.by_name), 0);
    }
    broker_free(broker);
    for (unsigned n = 0; n < BROWSERS_MAX; n++)
        buffer_fini(&browsers[n].pending);
    is_over = true;
}

static unsigned games = GAMES, steps = STEPS;
static uint64_t first_game = 1;

static void play_all(unsigned count, bool trims)
{
    given = gaps = fulls = cuts = 0;
    unsigned last = games == 1 ? 1 : games / count; /* with three shards a third as many */
    for (uint64_t game = first_game; game < first_game + last; game++) {
        begin(game, count);
        for (unsigned i = 0; i < steps; i++)
            step(trims);
        end();
    }
    print_message("%u games: %u entries given, %u gaps told, %u times a socket was full, %u cuts\n", last, given, gaps,
                  fulls, cuts);
    assert_true(given > 0 && fulls > 0 && cuts > 0);
}

static void everything_comes_once_and_in_order(void **state)
{
    (void)state;
    play_all(1, false);
    assert_int_equal(gaps, 0);
}

static void what_was_trimmed_is_told_and_the_rest_comes(void **state)
{
    (void)state;
    play_all(1, true);
    assert_true(games < 10 || gaps > 0);
}

static void three_shards_each_in_its_order(void **state)
{
    (void)state;
    play_all(SHARDS_MAX, false);
    assert_int_equal(gaps, 0);
}

static void three_shards_that_are_trimmed(void **state)
{
    (void)state;
    play_all(SHARDS_MAX, true);
    assert_true(games < 10 || gaps > 0);
}

/* --- a shard that is away ----------------------------------------------------------------------------------------- */

static unsigned browser_missing(const struct browser *b, unsigned away)
{
    unsigned missing = 0;
    for (unsigned i = 0; i < published_count; i++)
        if (shard_of(published[i]) != away && i >= b->next[shard_of(published[i])] && browser_wants(b, i))
            missing++;
    return missing;
}

/* One of three Redises is away for minutes: entries of the others arrive as usual, also for browsers that connect or
 * reconnect meanwhile, and what was published on the one that was away arrives once it is back. */
static void a_shard_that_is_away_delays_nobody_else(void **state)
{
    (void)state;
    for (uint64_t game = first_game; game < first_game + games / 10 + 1; game++) {
        begin(game, SHARDS_MAX);
        unsigned away = shard_of(roll(CHANNELS));
        for (unsigned n = 0; n < 3; n++) {
            browsers[n].late = -1;
            browsers[n].name_count = 1;
            strcpy(browsers[n].names[0], "*");
        }
        browser_connect(&browsers[0], &(struct start){.kind = START_NOW});
        browser_connect(&browsers[1], &(struct start){.kind = START_NOW});
        settle(SHARDS_MAX);
        for (unsigned minute = 0; minute < 3; minute++) {
            links_down(away);
            for (unsigned i = 0; i < 40; i++)
                redis_publish(roll(CHANNELS));
            settle(away);
            if (minute == 1)
                browser_connect(&browsers[2], &(struct start){.kind = START_NOW});
            settle(away);
            for (unsigned n = 0; n < (minute ? 3u : 2u); n++) {
                assert_true(browsers[n].has_start);
                assert_int_equal(browser_missing(&browsers[n], away), 0);
            }
            browser_cut(&browsers[1]);
        }
        end();
    }
}

/* --- one shard, step by step -------------------------------------------------------------------------------------- */

static struct browser *browser_of(unsigned n, const char *names, const struct start *start)
{
    struct browser *b = &browsers[n];
    for (; *names; names++)
        b->names[b->name_count++][0] = *names;
    browser_connect(b, start);
    return b;
}

static void publish(unsigned channel, unsigned count)
{
    while (count-- > 0)
        redis_publish(channel);
}

static const struct start now = {.kind = START_NOW};

/* A browser that asks for more than is kept is told once that there was more, also if its page is in memory already; one
 * that gets as many as it asked for is not. A channel that never had an entry has no gap. */
static void who_asks_for_more_than_is_kept_is_told(void **state)
{
    static const struct {
        const char *name;
        unsigned newest; /* 0: all, from the beginning */
        unsigned gaps;
    } table[] = {{"a", 0, 1}, {"a", 0, 1}, {"a", 8, 1}, {"a", 5, 0}, {"a", 3, 0}, {"b", 0, 0}, {"b", 3, 0}};
    (void)state;
    struct cursor after;
    begin(1, 1);
    publish(0, 10);
    oldest_kept = 5;
    cursor_init(&after, POSITION_BEGIN);
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        struct start start = {.kind = START_AFTER, .after = &after};
        gaps = 0;
        if (table[i].newest)
            start = (struct start){.kind = START_NEWEST, .count = table[i].newest};
        browser_of(i, table[i].name, &start)->asks_for_kept[0] = table[i].newest;
        settle(SHARDS_MAX);
        assert_int_equal(gaps, table[i].gaps);
    }
    end();
}

/* A channel is added later, from a position that never existed. */
static void a_later_channel_from_ahead_is_told(void **state)
{
    (void)state;
    struct cursor after;
    begin(1, 1);
    publish(0, 3);
    publish(1, 3);
    struct browser *b = browser_of(0, "a", &now);
    browser_of(1, "b", &now);
    settle(SHARDS_MAX);
    cursor_init(&after, (struct position){100, 0});
    gaps = 0;
    is_loss_expected = true;
    assert_int_equal(
        subscriber_add(b->subscriber, name_of("b"), &(struct start){.kind = START_AFTER, .after = &after}, 1), ADD_OK);
    settle(SHARDS_MAX);
    is_loss_expected = false;
    assert_int_equal(gaps, 1);
    browser_go(b);
    end();
}

/* --- several shards, step by step --------------------------------------------------------------------------------- */

/* Shard 0 has b, shard 1 has c, shard 2 has a and d. */
enum { A, B, C, D };

static void rush_shard(unsigned shard)
{
    struct listener *l = &listeners[shard];
    struct caller *c = &callers[shard];
    links_up(shard);
    while (l->command_first < l->command_end)
        redis_execute_command(l);
    while (l->push_first < l->push_end)
        deliver_push(l);
    while (c->executed < c->end)
        redis_execute_call(c);
    while (c->first < c->executed)
        deliver_answer(c);
    wires_compact(shard);
}

/* The same as settle(), but all that a shard sends arrives in one turn. */
static void rush(unsigned away)
{
    for (unsigned i = 0; i < 20; i++) {
        for (unsigned shard = 0; shard < shard_count; shard++)
            if (shard != away)
                rush_shard(shard);
        turn();
    }
    settle(away);
}

/* The strand of channel b knows its place, and no message wakes it: its feed is live and quiet. */
static void a_start_does_not_wait_for_who_has_left(void **state)
{
    (void)state;
    begin(1, SHARDS_MAX);
    browser_of(0, "b", &now);
    publish(B, 3);
    settle(SHARDS_MAX);
    links_down(shard_of(C));
    struct browser *b = browser_of(1, "bc", &(struct start){.kind = START_NEWEST, .count = 2});
    settle(shard_of(C));
    assert_false(b->has_start);
    assert_true(subscriber_remove(b->subscriber, name_of("c")));
    b->name_count = 1;
    settle(shard_of(C));
    assert_true(b->has_start);
    end();
}

static void a_start_does_not_wait_for_a_shard_that_goes_away(void **state)
{
    (void)state;
    begin(1, SHARDS_MAX);
    browser_of(0, "b", &now);
    settle(SHARDS_MAX);
    struct browser *b = browser_of(1, "bc", &now);
    turn();
    links_down(shard_of(C));
    settle(shard_of(C));
    assert_true(b->has_start);
    end();
}

/* Two channels of one shard are added at once, from a position of another shard that is ahead of theirs. */
static void a_moment_that_is_ahead_of_a_shard_is_no_gap(void **state)
{
    (void)state;
    struct cursor after;
    begin(1, SHARDS_MAX);
    publish(A, 1);
    publish(D, 1);
    publish(B, 10);
    cursor_init(&after, position_of(published_count - 1));
    struct start start = {.kind = START_AFTER, .after = &after};
    browser_of(0, "adb", &start);
    browser_of(1, "*", &start);
    rush(SHARDS_MAX);
    publish(D, 1);
    end();
}

/* The same, for a browser that has a channel of that shard already. */
static void a_later_channel_from_a_moment_that_is_ahead_is_no_gap(void **state)
{
    (void)state;
    struct cursor after;
    begin(1, SHARDS_MAX);
    publish(A, 1);
    publish(D, 1);
    publish(B, 10);
    struct browser *b = browser_of(0, "a", &now);
    rush(SHARDS_MAX);
    cursor_init(&after, position_of(published_count - 1));
    struct start start = {.kind = START_AFTER, .after = &after};
    assert_int_equal(subscriber_add(b->subscriber, name_of("d"), &start, 1), ADD_OK);
    unsigned before = given;
    rush(SHARDS_MAX);
    assert_int_equal(given, before);
    strcpy(b->names[b->name_count++], "d");
    publish(D, 20);
    end();
}

/* If a shard was away at the start, its place comes from another shard: ids must not claim it for the shard itself. */
static void an_id_claims_no_moment_of_another_shard(void **state)
{
    (void)state;
    begin(1, SHARDS_MAX);
    publish(A, 1);
    publish(B, 1);
    publish(C, 10);
    struct browser *b = browser_of(0, "*", &now);
    struct cursor after;
    cursor_init(&after, position_of(published_count - 1));
    struct browser *two = browser_of(1, "a", &(struct start){.kind = START_AFTER, .after = &after});
    cursor_init(&after, position_of(0));
    struct start start = {.kind = START_AFTER, .after = &after};
    assert_int_equal(subscriber_add(two->subscriber, name_of("b"), &start, 1), ADD_OK);
    strcpy(two->names[two->name_count++], "b");
    rush(shard_of(A));
    assert_true(b->has_start && two->has_start);
    browser_cut(b);
    browser_cut(two);
    rush(SHARDS_MAX);
    end();
}

/* "Now" in a shard that is away is not before what has already been received from it. */
static void now_is_not_before_what_was_heard(void **state)
{
    (void)state;
    begin(1, SHARDS_MAX);
    publish(B, 1);
    publish(C, 1);
    browser_of(0, "a", &now);
    settle(SHARDS_MAX);
    publish(A, 10);
    settle(SHARDS_MAX);
    links_down(shard_of(A));
    unsigned before = given;
    browser_of(1, "*", &now);
    settle(shard_of(A));
    settle(SHARDS_MAX);
    assert_int_equal(given, before);
    end();
}

/* A browser that was given entries of a shard has an exact place there, wherever it started: a loss is reported. */
static void what_a_shard_has_lost_is_told(void **state)
{
    (void)state;
    struct cursor after;
    begin(4, SHARDS_MAX); /* a tail holds six */
    publish(A, 4);
    browser_of(0, "a", &now);
    settle(SHARDS_MAX);
    publish(A, 4);
    settle(SHARDS_MAX);
    cursor_init(&after, position_of(5));
    browser_of(1, "ab", &(struct start){.kind = START_AFTER, .after = &after});
    settle(SHARDS_MAX);
    links_down(shard_of(A));
    published_count -= 3;
    is_loss_expected = true;
    gaps = 0;
    settle(SHARDS_MAX);
    is_loss_expected = false;
    assert_int_equal(gaps, 2);
    for (unsigned n = 0; n < 2; n++)
        browser_go(&browsers[n]);
    end();
}

/* A pattern that is added later is reported as caught up only when it is so in every shard. */
static void a_pattern_is_caught_up_in_all_shards(void **state)
{
    (void)state;
    begin(1, SHARDS_MAX);
    struct browser *b = browser_of(0, "a", &now);
    publish(A, 3);
    settle(SHARDS_MAX);
    assert_int_equal(subscriber_add(b->subscriber, name_of("*"), &now, 1), ADD_OK);
    strcpy(b->names[b->name_count++], "*");
    for (unsigned i = 0; i < 10; i++) { /* the Redises of b and c are slow */
        rush_shard(shard_of(A));
        turn();
        b->is_full = false;
        subscriber_writable(b->subscriber);
    }
    browser_receive(b, b->pending.len);
    assert_int_equal(b->told, 1);
    settle(SHARDS_MAX);
    assert_int_equal(b->told, 2);
    publish(B, 3);
    end();
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
        cmocka_unit_test_teardown(three_shards_each_in_its_order, tell_seed),
        cmocka_unit_test_teardown(three_shards_that_are_trimmed, tell_seed),
        cmocka_unit_test_teardown(a_shard_that_is_away_delays_nobody_else, tell_seed),
        cmocka_unit_test_teardown(who_asks_for_more_than_is_kept_is_told, tell_seed),
        cmocka_unit_test_teardown(a_later_channel_from_ahead_is_told, tell_seed),
        cmocka_unit_test_teardown(a_start_does_not_wait_for_who_has_left, tell_seed),
        cmocka_unit_test_teardown(a_start_does_not_wait_for_a_shard_that_goes_away, tell_seed),
        cmocka_unit_test_teardown(a_moment_that_is_ahead_of_a_shard_is_no_gap, tell_seed),
        cmocka_unit_test_teardown(a_later_channel_from_a_moment_that_is_ahead_is_no_gap, tell_seed),
        cmocka_unit_test_teardown(an_id_claims_no_moment_of_another_shard, tell_seed),
        cmocka_unit_test_teardown(now_is_not_before_what_was_heard, tell_seed),
        cmocka_unit_test_teardown(what_a_shard_has_lost_is_told, tell_seed),
        cmocka_unit_test_teardown(a_pattern_is_caught_up_in_all_shards, tell_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
