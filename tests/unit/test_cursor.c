/*
 * A browser sends back an id that it has seen, to any instance: the id says exactly what the browser has been given,
 * whatever the number of shards. A text that is not one of ours is refused. If part of a cursor must be dropped, an
 * entry may be given again, but none is lost.
 */
#include "words/cursor.h"

#include "cmocka_all.h"
#include "dice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAMES 20000
#define SHARDS CURSOR_SHARDS_MAX

/* The example from cursor.h: layout 16, three shards that are ahead of the base. */
#define EXAMPLE "1795640735697-3~g0047Ln0fxwMn2"

/* 2^64 - 1 and 2^64 as nums */
#define NUM_GREATEST "L___________v"
#define NUM_TOO_GREAT "Mwwwwwwwwwww0"

static struct cursor parsed(const char *text)
{
    struct cursor cursor;
    if (!cursor_parse(bytes_of(text), &cursor))
        fail_msg("refused: %s", text);
    return cursor;
}

static void assert_refused(const char *text)
{
    struct cursor cursor;
    if (cursor_parse(bytes_of(text), &cursor))
        fail_msg("taken: %s", text);
}

static void assert_same(struct position a, struct position b)
{
    assert_int_equal(a.ms, b.ms);
    assert_int_equal(a.seq, b.seq);
}

static void assert_place(const struct cursor *cursor, unsigned shard, uint64_t ms, uint64_t seq)
{
    assert_same(cursor_place(cursor, shard), (struct position){ms, seq});
}

static void assert_sound(const struct cursor *cursor)
{
    assert_true(cursor->count <= CURSOR_PARTS_MAX);
    for (unsigned i = 0; i < cursor->count; i++) {
        assert_true(cursor->parts[i].shard < SHARDS);
        assert_true(i == 0 || cursor->parts[i - 1].shard < cursor->parts[i].shard);
        assert_true(position_compare(cursor->parts[i].place, cursor->base) > 0);
    }
}

/* Parse a heap copy of exactly `len` bytes, so that AddressSanitizer detects a read past the end. */
static bool parse_exact(const char *text, size_t len, struct cursor *out)
{
    char *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    bool is_good = cursor_parse((struct bytes){copy, len}, out);
    free(copy);
    return is_good;
}

/* Its text is parsed as the same cursor, and printed again the same. Only for cursors whose parts all fit in a text. */
static void assert_round_trip(const struct cursor *cursor)
{
    char text[CURSOR_TEXT_MAX], again[CURSOR_TEXT_MAX];
    size_t len = cursor_print(text, cursor);
    struct cursor read;
    assert_int_equal(len, strlen(text));
    assert_true(parse_exact(text, len, &read));
    assert_true(cursor_equal(&read, cursor));
    assert_int_equal(cursor_print(again, &read), len);
    assert_string_equal(again, text);
}

/* --- random input ------------------------------------------------------------------------------------------------- */

/* Any number; small ones, those around powers of 32 and the largest are frequent. */
static uint64_t roll_number(void)
{
    uint64_t bits = (uint64_t)roll(1u << 31) << 33 ^ (uint64_t)roll(1u << 31) << 11 ^ roll(1u << 11);
    switch (roll(4)) {
    case 0:
        return roll(3);
    case 1:
        return (1ull << 5 * roll(13)) - 1 + roll(3);
    case 2:
        return UINT64_MAX - roll(3);
    default:
        return bits >> roll(64);
    }
}

static struct position roll_position(void)
{
    return (struct position){roll_number(), roll_number()};
}

/* Like real ids: all from the same minute, with a small seq. */
static struct position roll_usual_position(void)
{
    return (struct position){1795640735697 + roll(60000), roll(4)};
}

/* From a tiny range, so that equal positions are frequent. */
static struct position roll_near_position(void)
{
    return (struct position){5 + roll(4), roll(3)};
}

static void roll_cursor(struct cursor *cursor, struct position (*roll_place)(void))
{
    static const unsigned most[] = {0, 1, 2, 3, 8, 16, 64, 200};
    cursor_init(cursor, position_min(roll_place(), position_min(roll_place(), roll_place())));
    cursor_use_layout(cursor, roll_number());
    for (unsigned i = roll(most[roll(8)] + 1); i > 0; i--)
        cursor_advance(cursor, roll(SHARDS), roll_place());
}

/* --- texts -------------------------------------------------------------------------------------------------------- */

static void reads_the_example(void **state)
{
    struct cursor cursor = parsed(EXAMPLE);
    (void)state;
    assert_int_equal(strlen(EXAMPLE), 30);
    assert_same(cursor.base, (struct position){1795640735697, 3});
    assert_int_equal(cursor.layout, 16); /* g */
    assert_int_equal(cursor.count, 3);
    assert_place(&cursor, 0, 1795640735697, 4);          /* 0 0 4 */
    assert_place(&cursor, 7, 1795640735697 + 503, 0);    /* 7 Ln 0: L is 15 and more follows, n is 23; 15 * 32 + 23 */
    assert_place(&cursor, 15, 1795640735697 + 33303, 2); /* f xwMn 2: 1, 0, 16, 23 in base 32 */
    assert_place(&cursor, 1, 1795640735697, 3);
    assert_place(&cursor, 63, 1795640735697, 3);
    assert_string_equal(CURSOR_TEXT(&cursor), EXAMPLE);
}

static void a_position_is_read_as_ever(void **state)
{
    static const char *const texts[] = {/* good */
                                        "0", "0-0", "5", "1795640735697-3", "0005-0001",
                                        "18446744073709551615-18446744073709551615",
                                        /* bad */
                                        "", "-", "-1", "1-", "1-2-3", "1-2 ", " 1-2", "+1", "a", "1.5", "null", "1-2\n",
                                        "18446744073709551616", "000000000000000000000000000000000000000001-1"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct position position;
        struct cursor cursor;
        bool is_good = position_parse(bytes_of(texts[i]), &position);
        assert_int_equal(parse_exact(texts[i], strlen(texts[i]), &cursor), is_good);
        if (!is_good)
            continue;
        assert_same(cursor.base, position);
        assert_int_equal(cursor.count, 0);
        assert_string_equal(CURSOR_TEXT(&cursor), POSITION_TEXT(position));
    }
    assert_false(cursor_parse((struct bytes){NULL, 0}, &(struct cursor){0}));
    assert_false(cursor_parse(BYTES("1-\0002"), &(struct cursor){0}));
}

static void the_beginning(void **state)
{
    struct cursor cursor = parsed("0");
    (void)state;
    assert_true(cursor_is_begin(&cursor));
    cursor_init(&cursor, POSITION_BEGIN);
    assert_true(cursor_is_begin(&cursor));
    assert_string_equal(CURSOR_TEXT(&cursor), "0-0");
    cursor_advance(&cursor, 3, (struct position){0, 1});
    assert_false(cursor_is_begin(&cursor));
    cursor_use_layout(&cursor, 1);
    assert_true(cursor_is_begin(&cursor));
    cursor_raise_base(&cursor, (struct position){0, 1});
    assert_false(cursor_is_begin(&cursor));
}

static void refuses_what_is_not_ours(void **state)
{
    static const char *const bad[] = {
        /* no part, or an incomplete one */
        "5-0~", "5-0~g", "5-0~G", "5-0~g0", "5-0~g00", "5-0~g0L", "5-0~g00L", "5-0~g0040", "5-0~g00401",
        /* the base is not a position, or is not spelled the way it is printed */
        "~g004", "-~g004", "5-~g004", "5~g004", "05-0~g004", "5-00~g004", "5-0-0~g004", "5-0 ~g004", " 5-0~g004",
        "18446744073709551616-0~g004",
        /* characters that are not digits: those next to each range of the alphabet, separators, other bytes */
        "5-0~g00/", "5-0~g00:", "5-0~g00@", "5-0~g00[", "5-0~g00`", "5-0~g00{", "5-0~g00,", "5-0~g00.", "5-0~g00 ",
        "5-0~g00~", "5-0~g00=", "5-0~g00+", "5-0~g00%", "5-0~g00\x80", "5-0~g00\xff", "5-0~.004", "5-0~g.04",
        "5-0~g0.4", "5-0~ g004", "5-0~g004 ", "5-0~g004\n", "5-0~g004~", "5-0~~g004", "5-0~g004~g004",
        /* leading zeros: w is a 0 that more digits follow */
        "5-0~wg004", "5-0~gw004", "5-0~g0w04", "5-0~g00w4", "5-0~wwg004", "5-0~g00ww4",
        /* too large for 64 bits, by one and by a digit */
        "0-0~" NUM_TOO_GREAT "004", "0-0~g0" NUM_TOO_GREAT "4", "0-0~g00" NUM_TOO_GREAT, "0-0~g00x" NUM_GREATEST,
        "18446744073709551615-0~g010", "1-0~g0" NUM_GREATEST "0",
        /* shards that do not ascend, or whose number is too high */
        "5-0~g004004", "5-0~g104004", "5-0~g104204104", "5-0~gy004", "5-0~g" NUM_GREATEST "04", "5-0~gAwwwww004",
        /* a place that is not beyond the base */
        "5-0~g000", "5-4~g003", "5-4~g004", "5-0~g004100"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_refused(bad[i]);
    assert_false(cursor_parse(BYTES("5-0~g004\0"), &(struct cursor){0}));
    assert_false(cursor_parse(BYTES("5-0~g0\0004"), &(struct cursor){0}));
    assert_false(cursor_parse(BYTES("5-0\0~g004"), &(struct cursor){0}));
}

/* Valid texts that are close to the refused ones. */
static void takes_what_is_ours(void **state)
{
    static const char *const good[] = {
        /* short */
        "5-0~g004", "5-4~g005", "5-4~g010", "5-0~0004", "5-0~g00x0", "5-0~gxv04", "5-0~g004104",
        "5-0~g004104204v04x004", "5-0~g00-v", "5-0~g00_v", "5-0~g00Zv", "5-0~g00zv",
        /* the largest numbers */
        "0-0~" NUM_GREATEST "004", "0-0~g0" NUM_GREATEST "4", "0-0~g00" NUM_GREATEST, "18446744073709551614-0~g010"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct cursor cursor = parsed(good[i]);
        assert_sound(&cursor);
        assert_string_equal(CURSOR_TEXT(&cursor), good[i]);
    }
}

/* `shards` parts from shard 0 on, each as long as possible; then one that makes the text `len` bytes long. */
static size_t text_of_length(char *out, unsigned shards, size_t len)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
    size_t at = (size_t)sprintf(out, "0-0~1");
    for (unsigned i = 0; i < shards; i++)
        at += (size_t)sprintf(out + at, "%s%c%s%s", i < 32 ? "" : "x", digits[i % 32], NUM_GREATEST, NUM_GREATEST);
    at += (size_t)sprintf(out + at, "x%c", digits[shards % 32]);
    for (char digit = 'x'; at < len - 2; digit = 'w')
        out[at++] = digit;
    return at + (size_t)sprintf(out + at, "01");
}

static void a_text_has_at_most_1024_bytes(void **state)
{
    char text[CURSOR_TEXT_MAX + 1];
    struct cursor cursor;
    (void)state;
    assert_int_equal(text_of_length(text, 37, CURSOR_TEXT_MAX - 1), 1024);
    cursor = parsed(text);
    assert_int_equal(cursor.count, 38);
    assert_string_equal(CURSOR_TEXT(&cursor), text);
    assert_int_equal(text_of_length(text, 37, CURSOR_TEXT_MAX), 1025);
    assert_refused(text);
}

/* With present-day positions all shards fit in a text, even if the base is the beginning or a year old. */
static void all_parts_have_room(void **state)
{
    struct cursor cursor;
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        cursor_init(&cursor, i == 0 ? POSITION_BEGIN : (struct position){1795640735697 - 31536000000, 3});
        cursor_use_layout(&cursor, 1000);
        for (unsigned shard = 0; shard < SHARDS; shard++)
            cursor_advance(&cursor, shard, (struct position){1795640735697 + shard, 1000});
        assert_int_equal(cursor.count, SHARDS);
        assert_round_trip(&cursor);
    }
}

/* A text without them says less than the cursor, but is valid. */
static void parts_without_room_are_left_out(void **state)
{
    char text[CURSOR_TEXT_MAX];
    struct cursor cursor, read;
    (void)state;
    cursor_init(&cursor, POSITION_BEGIN);
    cursor_use_layout(&cursor, UINT64_MAX);
    for (unsigned shard = 0; shard < SHARDS; shard++)
        cursor_advance(&cursor, shard, (struct position){UINT64_MAX, UINT64_MAX - shard});
    assert_true(cursor_print(text, &cursor) < CURSOR_TEXT_MAX);
    assert_true(parse_exact(text, strlen(text), &read));
    assert_int_equal(read.count, 37); /* "0-0~", 13, 32 times 27, 5 times 28: 1021 */
    assert_true(cursor_covers(&cursor, &read, SHARDS));
    assert_false(cursor_covers(&read, &cursor, SHARDS));
    for (unsigned i = 0; i < read.count; i++)
        assert_same(read.parts[i].place, cursor.parts[i].place);
}

static void any_cursor_is_read_as_it_was(void **state)
{
    struct position (*const places[])(void) = {roll_position, roll_usual_position, roll_near_position};
    unsigned whole = 0, full = 0;
    (void)state;
    dice_begin(1);
    for (unsigned game = 0; game < GAMES; game++) {
        struct cursor cursor, copy;
        roll_cursor(&cursor, places[game % 3]);
        assert_sound(&cursor);
        cursor_copy(&copy, &cursor);
        assert_true(cursor_equal(&copy, &cursor));
        full += cursor.count > 50;
        if (cursor_print((char[CURSOR_TEXT_MAX]){0}, &cursor) > CURSOR_TEXT_MAX - 40)
            continue; /* some parts may have been left out */
        assert_round_trip(&cursor);
        whole++;
    }
    assert_true(whole > GAMES * 9 / 10 && full > GAMES / 40);
}

/* --- tampered texts ----------------------------------------------------------------------------------------------- */

static char roll_char(void)
{
    static const char usual[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_~00000000wwwwxv";
    return roll(8) == 0 ? (char)roll(256) : usual[roll(sizeof usual - 1)];
}

/* Change, insert, remove or repeat some bytes; returns the new length, at most 4 bytes more. */
static size_t tamper(char *text, size_t len)
{
    size_t at = roll((unsigned)len + 1), n = roll(4) + 1;
    switch (roll(4)) {
    case 0:
        if (at < len)
            text[at] = roll(2) ? roll_char() : (char)(text[at] ^ 1 << roll(8));
        return len;
    case 1:
        memmove(text + at + 1, text + at, len - at);
        text[at] = roll_char();
        return len + 1;
    case 2:
        n = at + n > len ? len - at : n;
        memmove(text + at, text + at + n, len - at - n);
        return len - n;
    default:
        n = at + n > len ? len - at : n;
        memmove(text + at + n, text + at, len - at);
        return len + n;
    }
}

static void a_tampered_text_is_refused_or_good(void **state)
{
    struct position (*const places[])(void) = {roll_position, roll_usual_position, roll_near_position};
    unsigned taken = 0, refused = 0;
    (void)state;
    dice_begin(2);
    for (unsigned game = 0; game < 5 * GAMES; game++) {
        char text[CURSOR_TEXT_MAX + 64];
        struct cursor cursor;
        roll_cursor(&cursor, places[game % 3]);
        size_t len = cursor_print(text, &cursor);
        for (unsigned times = roll(3) + 1; times > 0; times--)
            len = tamper(text, len);
        if (!parse_exact(text, len, &cursor)) {
            refused++;
            continue;
        }
        assert_sound(&cursor);
        assert_round_trip(&cursor);
        if (cursor.count > 0) { /* with parts there is only one spelling */
            taken++;
            assert_int_equal(len, strlen(CURSOR_TEXT(&cursor)));
            assert_memory_equal(text, CURSOR_TEXT(&cursor), len);
        }
    }
    assert_true(taken > GAMES / 4 && refused > GAMES);
}

/* --- advancing ---------------------------------------------------------------------------------------------------- */

static void parts_are_kept_in_order(void **state)
{
    struct cursor cursor;
    (void)state;
    cursor_init(&cursor, (struct position){5, 3});
    cursor_use_layout(&cursor, 16);
    cursor_advance(&cursor, 7, (struct position){8, 0});
    cursor_advance(&cursor, 15, (struct position){5, 4});
    cursor_advance(&cursor, 0, (struct position){6, 1});
    assert_string_equal(CURSOR_TEXT(&cursor), "5-3~g011730f04");
    cursor_advance(&cursor, 7, (struct position){9, 0});
    assert_string_equal(CURSOR_TEXT(&cursor), "5-3~g011740f04");

    /* these say nothing new */
    cursor_advance(&cursor, 7, (struct position){9, 0});
    cursor_advance(&cursor, 7, (struct position){8, 9});
    cursor_advance(&cursor, 1, (struct position){5, 3});
    cursor_advance(&cursor, 1, (struct position){4, 9});
    cursor_raise_base(&cursor, (struct position){5, 3});
    cursor_raise_base(&cursor, (struct position){4, 9});
    cursor_use_layout(&cursor, 16);
    assert_string_equal(CURSOR_TEXT(&cursor), "5-3~g011740f04");

    cursor_raise_base(&cursor, (struct position){5, 4});
    assert_string_equal(CURSOR_TEXT(&cursor), "5-4~g011740");
    cursor_raise_base(&cursor, (struct position){9, 0});
    assert_string_equal(CURSOR_TEXT(&cursor), "9-0");
}

static void another_layout_knows_the_base_alone(void **state)
{
    struct cursor cursor = parsed(EXAMPLE);
    (void)state;
    cursor_use_layout(&cursor, 17);
    assert_string_equal(CURSOR_TEXT(&cursor), "1795640735697-3");
    cursor_advance(&cursor, 2, (struct position){1795640735698, 0});
    assert_string_equal(CURSOR_TEXT(&cursor), "1795640735697-3~h210");
}

static void what_is_equal(void **state)
{
    struct cursor base = parsed("5-3"), same = parsed("5-3"), part = parsed("5-3~g010"), other = parsed("5-3~h010");
    struct cursor shard = parsed("5-3~g110"), place = parsed("5-3~g011"), two = parsed("5-3~g010110"),
                  far = parsed("5-4");
    (void)state;
    cursor_use_layout(&same, 17); /* without parts the layout means nothing */
    assert_true(cursor_equal(&base, &same) && cursor_equal(&part, &part));
    assert_false(cursor_equal(&base, &part) || cursor_equal(&base, &far) || cursor_equal(&part, &other));
    assert_false(cursor_equal(&part, &shard) || cursor_equal(&part, &place) || cursor_equal(&part, &two));
}

static void what_covers_what(void **state)
{
    struct cursor base = parsed("5-3"), ahead = parsed("5-3~g010"), both = parsed("5-3~g010110"), later = parsed("6-0"),
                  other = parsed("5-3~h010"), beyond = parsed("7-0");
    (void)state;
    assert_true(cursor_covers(&base, &base, 64) && cursor_covers(&ahead, &ahead, 64));
    assert_true(cursor_covers(&ahead, &base, 64) && cursor_covers(&both, &ahead, 64));
    assert_false(cursor_covers(&base, &ahead, 64) || cursor_covers(&ahead, &both, 64));
    assert_true(cursor_covers(&later, &both, 64));
    /* with two shards, `both` has reached 6-0 on all of them; with three it has not */
    assert_true(cursor_covers(&both, &later, 2));
    assert_false(cursor_covers(&both, &later, 3));
    /* parts of another layout can't be compared */
    assert_false(cursor_covers(&ahead, &other, 64) || cursor_covers(&other, &ahead, 64));
    assert_true(cursor_covers(&beyond, &other, 64) && cursor_covers(&other, &base, 64));
}

/* --- a game against the simplest model: a place for each shard ---------------------------------------------------- */

struct model {
    struct position base, places[SHARDS];
    uint64_t layout;
};

static void model_init(struct model *model, struct position base, uint64_t layout)
{
    model->base = base;
    model->layout = layout;
    for (unsigned i = 0; i < SHARDS; i++)
        model->places[i] = base;
}

static void model_move(struct model *model, struct cursor *cursor, struct position place)
{
    unsigned move = roll(40), shard = roll(SHARDS);
    uint64_t layout = roll(3);
    if (move == 0) {
        cursor_use_layout(cursor, layout);
        if (layout != model->layout)
            model_init(model, model->base, layout);
    } else if (move < 3) {
        cursor_raise_base(cursor, place);
        model->base = position_max(model->base, place);
        for (unsigned i = 0; i < SHARDS; i++)
            model->places[i] = position_max(model->places[i], place);
    } else {
        cursor_advance(cursor, shard, place);
        model->places[shard] = position_max(model->places[shard], place);
    }
}

static void assert_as_model(const struct cursor *cursor, const struct model *model)
{
    assert_sound(cursor);
    assert_same(cursor->base, model->base);
    for (unsigned i = 0; i < SHARDS; i++)
        assert_same(cursor_place(cursor, i), model->places[i]);
}

static bool model_covers(const struct model *a, const struct model *b, unsigned shards)
{
    for (unsigned i = 0; i < shards; i++)
        if (position_compare(a->places[i], b->places[i]) < 0)
            return false;
    return true;
}

static void moves_as_the_model_does(void **state)
{
    struct position (*const places[])(void) = {roll_position, roll_usual_position, roll_near_position};
    unsigned covered = 0, uncovered = 0;
    (void)state;
    dice_begin(3);
    for (unsigned game = 0; game < GAMES / 20; game++) {
        struct cursor cursor, before;
        struct model model, model_before;
        cursor_init(&cursor, places[game % 3]());
        model_init(&model, cursor.base, 0);
        cursor_copy(&before, &cursor);
        model_before = model;
        for (unsigned move = 0; move < 200; move++) {
            unsigned shards = 1u << roll(7);
            model_move(&model, &cursor, places[game % 3]());
            assert_as_model(&cursor, &model);
            if (model.layout == model_before.layout) {
                bool covers = model_covers(&model, &model_before, shards);
                bool is_covered = model_covers(&model_before, &model, shards);
                assert_int_equal(cursor_covers(&cursor, &before, shards), covers);
                assert_int_equal(cursor_covers(&before, &cursor, shards), is_covered);
                covered += is_covered;
                uncovered += !is_covered;
            }
            if (roll(8) == 0) {
                cursor_copy(&before, &cursor);
                model_before = model;
            }
        }
    }
    assert_true(covered > GAMES && uncovered > GAMES);
}

/* --- a game: a reader is disconnected and resumes ----------------------------------------------------------------- */

#define LOG_ENTRIES 24

struct shard {
    struct position log[LOG_ENTRIES];
    unsigned given;         /* how many entries, from the first on */
    struct position proved; /* every entry up to here has been given */
};

static void shard_init(struct shard *shard)
{
    struct position last = {1000, 0};
    shard->given = 0;
    shard->proved = last;
    for (unsigned i = 0; i < LOG_ENTRIES; i++) {
        last = roll(2) ? (struct position){last.ms, last.seq + 1} : (struct position){last.ms + roll(9) + 1, 0};
        shard->log[i] = last;
    }
}

/* Give the next entry; or let a beat prove that there is none before it, and raise the base. */
static void shard_step(struct shard *shards, unsigned count, unsigned at, struct cursor *cursor)
{
    struct shard *shard = &shards[at];
    struct position base;
    if (shard->given < LOG_ENTRIES && roll(4) > 0) {
        shard->proved = shard->log[shard->given++];
        cursor_advance(cursor, at, shard->proved);
        return;
    }
    if (shard->given < LOG_ENTRIES && shard->log[shard->given].seq == 0)
        shard->proved = (struct position){shard->log[shard->given].ms - 1, 9};
    base = shard->proved;
    for (unsigned i = 0; i < count; i++)
        base = position_min(base, shards[i].proved);
    cursor_raise_base(cursor, base);
}

/* The index of the first entry that a reader is given if it resumes from this place. */
static unsigned shard_first_after(const struct shard *shard, struct position place)
{
    unsigned first = 0;
    while (first < LOG_ENTRIES && position_compare(shard->log[first], place) <= 0)
        first++;
    return first;
}

static void a_reader_goes_on_exactly(void **state)
{
    unsigned repeated = 0;
    (void)state;
    dice_begin(4);
    for (unsigned game = 0; game < GAMES / 20; game++) {
        struct shard shards[SHARDS];
        unsigned count = 1u << roll(7);
        struct cursor cursor, back;
        cursor_init(&cursor, (struct position){1000, 0});
        cursor_use_layout(&cursor, 3);
        for (unsigned i = 0; i < count; i++)
            shard_init(&shards[i]);
        for (unsigned step = roll(LOG_ENTRIES * count); step > 0; step--) {
            shard_step(shards, count, roll(count), &cursor);
            if (roll(4) > 0)
                continue;
            back = parsed(CURSOR_TEXT(&cursor));
            for (unsigned i = 0; i < count; i++)
                assert_int_equal(shard_first_after(&shards[i], cursor_place(&back, i)), shards[i].given);
            cursor_use_layout(&back, 4);
            for (unsigned i = 0; i < count; i++) {
                unsigned first = shard_first_after(&shards[i], cursor_place(&back, i));
                assert_true(first <= shards[i].given);
                repeated += shards[i].given - first;
            }
        }
    }
    assert_true(repeated > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_example),
        cmocka_unit_test(a_position_is_read_as_ever),
        cmocka_unit_test(the_beginning),
        cmocka_unit_test(refuses_what_is_not_ours),
        cmocka_unit_test(takes_what_is_ours),
        cmocka_unit_test(a_text_has_at_most_1024_bytes),
        cmocka_unit_test(all_parts_have_room),
        cmocka_unit_test(parts_without_room_are_left_out),
        cmocka_unit_test(any_cursor_is_read_as_it_was),
        cmocka_unit_test(a_tampered_text_is_refused_or_good),
        cmocka_unit_test(parts_are_kept_in_order),
        cmocka_unit_test(another_layout_knows_the_base_alone),
        cmocka_unit_test(what_is_equal),
        cmocka_unit_test(what_covers_what),
        cmocka_unit_test(moves_as_the_model_does),
        cmocka_unit_test(a_reader_goes_on_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
