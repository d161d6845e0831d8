/*
 * All instances of a fleet, of this release and the previous one, talk on the control channel, and anybody with access
 * to Redis can publish there: a word is accepted only if it is complete, and what a later release adds is ignored.
 */
#include "redis/control.h"

#include "cmocka_all.h"

static struct control_word parse(const char *text)
{
    struct control_word word;
    if (!control_parse(bytes_of(text), &word))
        fail_msg("refused: %s", text);
    return word;
}

static void words_about_the_keyspace_carry_a_position(void **state)
{
    (void)state;
    struct control_word word = parse("genesis 100-2");
    assert_int_equal(word.kind, CONTROL_GENESIS);
    assert_int_equal(word.position.ms, 100);
    assert_int_equal(word.position.seq, 2);
    word = parse("lost 18446744073709551615-18446744073709551615");
    assert_int_equal(word.kind, CONTROL_LOST);
    assert_true(word.position.ms == UINT64_MAX && word.position.seq == UINT64_MAX);
}

static void words_about_the_seat_say_who_and_which_era(void **state)
{
    (void)state;
    struct control_word word = parse("renewed 1795640735697000 ann");
    assert_int_equal(word.kind, CONTROL_RENEWED);
    assert_int_equal(word.era, 1795640735697000);
    assert_true(bytes_is(word.node, "ann"));
    word = parse("era 7 bob 1500");
    assert_int_equal(word.kind, CONTROL_ERA);
    assert_int_equal(word.era, 7);
    assert_true(bytes_is(word.node, "bob"));
    assert_int_equal(word.silent_ms, 1500);
}

static void words_about_a_place_carry_all_their_numbers(void **state)
{
    (void)state;
    struct control_word word = parse("sync bob 5 18446744073709551615 7 41");
    assert_int_equal(word.kind, CONTROL_SYNC);
    assert_true(bytes_is(word.node, "bob"));
    assert_int_equal(word.nonce, 5);
    assert_true(word.filter_hash == UINT64_MAX);
    assert_int_equal(word.era, 7);
    assert_int_equal(word.ordinal, 41);
    word = parse("place bob 5 7 42");
    assert_int_equal(word.kind, CONTROL_PLACE);
    assert_true(bytes_is(word.node, "bob"));
    assert_int_equal(word.nonce, 5);
    assert_int_equal(word.era, 7);
    assert_int_equal(word.ordinal, 42);
}

static void words_without_fields(void **state)
{
    (void)state;
    assert_int_equal(parse("vacant").kind, CONTROL_VACANT);
    assert_int_equal(parse("vacant standby").kind, CONTROL_VACANT_STANDBY);
    assert_int_equal(parse("unechoed").kind, CONTROL_UNECHOED);
    assert_int_equal(parse("who").kind, CONTROL_WHO);
}

/* The previous release sends them without. */
static void words_that_may_say_whose_they_are(void **state)
{
    (void)state;
    struct control_word word = parse("vacant ann");
    assert_int_equal(word.kind, CONTROL_VACANT);
    assert_true(bytes_is(word.node, "ann"));
    word = parse(CONTROL_WHO_WORD " worker more to say");
    assert_int_equal(word.kind, CONTROL_WHO);
    assert_true(bytes_is(word.node, "worker"));
    assert_int_equal(parse("vacant").node.len, 0);
    assert_int_equal(parse("who").node.len, 0);
}

static void what_a_later_release_adds_is_left_alone(void **state)
{
    (void)state;
    struct control_word word = parse("era 7 bob 1500 more to say");
    assert_int_equal(word.silent_ms, 1500);
    assert_int_equal(parse("genesis 100-2 why").position.ms, 100);
    assert_false(control_parse(bytes_of("erasure 7 bob 1500"), &word));
    assert_false(control_parse(bytes_of("shard 3"), &word));
}

static void what_is_not_whole_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "genesis",
        "genesis ",
        "genesis x",
        "lost 1-",
        "renewed",
        "renewed 7",
        "renewed x ann",
        "era 7 bob",
        "era bob 7 1500",
        "era 7  1500",
        "sync bob 5 42 7",
        "sync bob 5 42 7 x",
        "sync bob -5 42 7 1",
        "place bob 5 7",
        "place bob 5 7 99999999999999999999",
        "Who",
        " who",
    };
    struct control_word word;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (control_parse(bytes_of(bad[i]), &word))
            fail_msg("accepted: '%s'", bad[i]);
    assert_false(control_parse((struct bytes){"genesis 100-2", 8}, &word));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_about_the_keyspace_carry_a_position),
        cmocka_unit_test(words_about_the_seat_say_who_and_which_era),
        cmocka_unit_test(words_about_a_place_carry_all_their_numbers),
        cmocka_unit_test(words_without_fields),
        cmocka_unit_test(words_that_may_say_whose_they_are),
        cmocka_unit_test(what_a_later_release_adds_is_left_alone),
        cmocka_unit_test(what_is_not_whole_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
