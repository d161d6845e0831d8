/*
 * A request for history gets the entries of all shards in one order, and a cursor from which the next request continues
 * exactly. Redis is a few arrays in this file: what each shard has, in its order.
 */
#include "broker/history.h"

#include "cmocka_all.h"
#include "redis/caller.h"
#include "redis/page.h"
#include "shard.h"
#include "words/keyslot.h"

#define SHARDS 3
#define ENTRIES 60
#define LAYOUT 5

static struct position positions[SHARDS][ENTRIES];
static char channels[SHARDS]; /* one in each shard */
static struct broker broker;
static struct shard shards[SHARDS];
static struct glob_list none;

/* --- Redis -------------------------------------------------------------------------------------------------------- */

/* The caller of shard i is a pointer to element i. */
static char callers[SHARDS];
static bool is_away[SHARDS];

static struct entry *entry_of(unsigned shard, unsigned i)
{
    struct entry_source source = {.position = positions[shard][i],
                                  .channel = {&channels[shard], 1},
                                  .event = {"", 0},
                                  .from = {"", 0},
                                  .payload = {"x", 1}};
    struct entry *entry = entry_new(&source);
    assert_non_null(entry);
    return entry;
}

void caller_read(struct caller *caller, const struct bytes *names, unsigned count, struct position after,
                 unsigned limit, caller_page_fn fn, void *arg, uint64_t ticket)
{
    unsigned shard = (unsigned)((char *)caller - callers);
    struct entry *entries[ENTRIES];
    struct log_extent extents[2] = {{.has_log = true}, {.has_log = true}};
    struct page page = {.after = after,
                        .newest = positions[shard][ENTRIES - 1],
                        .until = position_max(after, positions[shard][ENTRIES - 1]),
                        .entries = entries,
                        .extents = extents,
                        .extent_count = count};
    (void)names;
    if (is_away[shard]) {
        fn(arg, ticket, (struct reply){REPLY_DOWN, "Redis is away"}, &page);
        return;
    }
    for (unsigned i = 0; i < ENTRIES && !page.has_more; i++) {
        if (position_compare(positions[shard][i], after) <= 0)
            continue;
        page.has_more = page.count == limit;
        if (page.has_more)
            page.until = entries[limit - 1]->position;
        else
            entries[page.count++] = entry_of(shard, i);
    }
    fn(arg, ticket, (struct reply){REPLY_OK, ""}, &page);
    for (unsigned i = 0; i < page.count; i++)
        entry_unref(entries[i]);
}

void caller_newest(struct caller *caller, const struct bytes *names, unsigned count, unsigned newest,
                   caller_position_fn fn, void *arg, uint64_t ticket)
{
    unsigned shard = (unsigned)((char *)caller - callers);
    (void)names, (void)count;
    fn(arg, ticket, (struct reply){REPLY_OK, ""}, positions[shard][ENTRIES - newest - 1]);
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static struct position heard[SHARDS * ENTRIES];
static unsigned heard_count, answers;
static struct cursor cursor;
static bool has_more;
static unsigned gap_count;
static enum answer answered;

static void on_history(void *arg, uint64_t ticket, enum answer answer, const struct history *history)
{
    (void)arg;
    assert_int_equal(ticket, 17);
    answers++;
    answered = answer;
    if (!history)
        return;
    for (unsigned i = 0; i < history->count; i++)
        heard[heard_count++] = history->entries[i]->position;
    cursor_copy(&cursor, &history->cursor);
    has_more = history->has_more;
    gap_count += history->gap_count;
}

static void ask(unsigned limit)
{
    struct bytes names[SHARDS];
    unsigned count = broker.config.shard_count;
    for (unsigned i = 0; i < SHARDS; i++)
        names[i] = (struct bytes){&channels[i], 1};
    broker_history(&broker, names, count, &(struct start){.kind = START_AFTER, .after = &cursor}, limit, on_history,
                   NULL, 17);
}

static void begin(unsigned count)
{
    broker = (struct broker){.config = {.shard_count = count, .layout = LAYOUT, .ephemeral = &none}, .shards = shards};
    heard_count = answers = gap_count = 0;
    cursor_init(&cursor, POSITION_BEGIN);
    for (unsigned shard = 0; shard < SHARDS; shard++) {
        is_away[shard] = false;
        shards[shard] =
            (struct shard){.broker = &broker, .index = shard, .caller = (struct caller *)(void *)&callers[shard]};
        for (char c = 'a'; c <= 'z'; c++)
            if (keyslot_shard((struct bytes){&c, 1}, SHARDS) == shard)
                channels[shard] = c;
        /* Some positions occur in two shards; some shards are ahead of others. */
        for (unsigned i = 0; i < ENTRIES; i++)
            positions[shard][i] = (struct position){10 + i * (shard + 1) / 2, i % 7 + 1};
    }
    for (unsigned shard = 0; shard < SHARDS; shard++)
        for (unsigned i = 1; i < ENTRIES; i++)
            if (position_compare(positions[shard][i], positions[shard][i - 1]) <= 0)
                positions[shard][i] = (struct position){positions[shard][i - 1].ms, positions[shard][i - 1].seq + 1};
}

static void ask_to_the_end(unsigned limit, unsigned expected)
{
    do {
        unsigned before = heard_count;
        ask(limit);
        assert_int_equal(answered, ANSWER_OK);
        for (unsigned i = before + 1; i < heard_count; i++)
            assert_true(position_compare(heard[i - 1], heard[i]) <= 0);
        assert_true(heard_count - before <= limit);
        assert_int_equal(gap_count, 0);
    } while (has_more);
    assert_int_equal(heard_count, expected);
}

static void one_shard_in_pages(void **state)
{
    (void)state;
    begin(1);
    channels[1] = channels[2] = channels[0];
    ask_to_the_end(7, ENTRIES);
    assert_int_equal(cursor.count, 0);
}

static void several_shards_are_one_order_in_pages_of_any_size(void **state)
{
    (void)state;
    for (unsigned limit = 1; limit < 40; limit++) {
        begin(SHARDS);
        ask_to_the_end(limit, SHARDS * ENTRIES);
    }
}

static void one_answer_where_a_shard_is_away(void **state)
{
    (void)state;
    begin(SHARDS);
    is_away[1] = true;
    ask(10);
    assert_int_equal(answers, 1);
    assert_int_equal(answered, ANSWER_UNAVAILABLE);
    assert_int_equal(heard_count, 0);
}

/* The newest entries of all shards together, not of each shard. */
static void the_newest_are_those_of_all_shards(void **state)
{
    (void)state;
    struct bytes names[SHARDS];
    for (unsigned newest = 1; newest < 20; newest++) {
        begin(SHARDS);
        for (unsigned i = 0; i < SHARDS; i++)
            names[i] = (struct bytes){&channels[i], 1};
        broker_history(&broker, names, SHARDS, &(struct start){.kind = START_NEWEST, .count = newest}, 100, on_history,
                       NULL, 17);
        assert_int_equal(heard_count, newest);
        /* The third shard is ahead of all others. */
        for (unsigned i = 0; i < newest; i++)
            assert_int_equal(position_compare(heard[i], positions[2][ENTRIES - newest + i]), 0);
        assert_false(has_more);
        ask_to_the_end(10, newest);
    }
}

/* The cursor's position comes from a shard that is ahead. That the others have nothing after it is no gap. */
static void a_moment_that_is_ahead_of_a_shard_is_no_gap(void **state)
{
    (void)state;
    begin(SHARDS);
    cursor_init(&cursor, positions[2][ENTRIES - 3]);
    ask_to_the_end(10, 2);
    ask_to_the_end(10, 2);
    struct position place = cursor_place(&cursor, 2);
    assert_int_equal(position_compare(place, positions[2][ENTRIES - 1]), 0);
}

/* If one shard has lost something, the entries of the others are not given again. */
static void only_a_shard_that_lost_begins_anew(void **state)
{
    (void)state;
    begin(SHARDS);
    ask_to_the_end(10, SHARDS * ENTRIES);
    cursor_advance(&cursor, 1, (struct position){10000, 0});
    ask(10);
    assert_int_equal(gap_count, 1);
    assert_int_equal(heard_count, SHARDS * ENTRIES);
    gap_count = heard_count = 0;
    ask_to_the_end(10, ENTRIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_shard_in_pages),
        cmocka_unit_test(several_shards_are_one_order_in_pages_of_any_size),
        cmocka_unit_test(one_answer_where_a_shard_is_away),
        cmocka_unit_test(the_newest_are_those_of_all_shards),
        cmocka_unit_test(a_moment_that_is_ahead_of_a_shard_is_no_gap),
        cmocka_unit_test(only_a_shard_that_lost_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
