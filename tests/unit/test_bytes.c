/*
 * All outside input is read with these functions: they never read past its end, and a number is digits only.
 */
#include "base/bytes.h"

#include "cmocka_all.h"

#include <stdlib.h>

#define NOTHING ((struct bytes){NULL, 0})

/* A heap copy without a NUL, so that AddressSanitizer detects a read past the end. */
static struct bytes copy_of(const char *text)
{
    size_t len = strlen(text);
    char *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    return (struct bytes){copy, len};
}

static void free_copy(struct bytes copy)
{
    free((char *)copy.data);
}

static void assert_bytes(struct bytes bytes, const char *text)
{
    assert_int_equal(bytes.len, strlen(text));
    assert_true(bytes_is(bytes, text));
}

static void compares(void **state)
{
    struct bytes word = copy_of("publish");
    (void)state;
    assert_true(bytes_is(word, "publish") && !bytes_is(word, "publis") && !bytes_is(word, "publisher"));
    assert_false(bytes_is(word, "Publish") || bytes_is(word, ""));
    assert_true(bytes_begins(word, "publish") && bytes_begins(word, "pub") && bytes_begins(word, ""));
    assert_false(bytes_begins(word, "publish ") || bytes_begins(word, "ub"));
    assert_true(bytes_equal(word, BYTES("publish")) && bytes_equal(word, bytes_of("publish")));
    assert_false(bytes_equal(word, BYTES("publisH")) || bytes_equal(word, BYTES("publish ")));
    assert_false(bytes_equal(BYTES("a\0b"), BYTES("a\0c")) || bytes_is(BYTES("a\0b"), "a"));
    free_copy(word);
}

static void takes_apart(void **state)
{
    struct bytes line = copy_of("publish a b"), before, after, rest = line;
    (void)state;
    assert_true(bytes_take(&rest, "publish "));
    assert_bytes(rest, "a b");
    assert_false(bytes_take(&rest, "b"));
    assert_false(bytes_take(&rest, "a b c"));
    assert_bytes(rest, "a b");
    assert_bytes(bytes_skip(rest, 2), "b");
    assert_bytes(bytes_skip(rest, 3), "");
    assert_bytes(bytes_skip(rest, 99), "");

    assert_true(bytes_split(line, ' ', &before, &after));
    assert_bytes(before, "publish");
    assert_bytes(after, "a b");
    assert_false(bytes_split(line, '=', &before, &after));
    assert_bytes(before, "publish a b");
    assert_bytes(after, "");
    assert_true(bytes_split_last(line, ' ', &before, &after));
    assert_bytes(before, "publish a");
    assert_bytes(after, "b");
    assert_false(bytes_split_last(line, '=', &before, &after));
    assert_bytes(before, "publish a b");
    assert_bytes(after, "");
    assert_true(bytes_split(BYTES("="), '=', &before, &after));
    assert_true(before.len == 0 && after.len == 0);
    free_copy(line);
}

static void takes_words(void **state)
{
    struct bytes line = copy_of("sync  n1 "), rest = line;
    (void)state;
    assert_bytes(bytes_word(&rest, ' '), "sync");
    assert_bytes(bytes_word(&rest, ' '), "");
    assert_bytes(bytes_word(&rest, ' '), "n1");
    assert_bytes(bytes_word(&rest, ' '), "");
    assert_bytes(bytes_word(&rest, ' '), "");
    rest = line;
    assert_bytes(bytes_word(&rest, '\n'), "sync  n1 ");
    assert_int_equal(rest.len, 0);
    free_copy(line);
}

static void reads_numbers(void **state)
{
    static const struct {
        const char *text;
        uint64_t number;
    } good[] = {{"0", 0},
                {"7", 7},
                {"007", 7},
                {"1000", 1000},
                {"9999999999", 9999999999},
                {"18446744073709551615", UINT64_MAX},
                {"000000000000000000000000000000018446744073709551615", UINT64_MAX}};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct bytes text = copy_of(good[i].text);
        uint64_t number = 5, capped = 5;
        assert_true(bytes_is_digits(text));
        assert_true(bytes_number(text, UINT64_MAX, &number) && number == good[i].number);
        assert_true(bytes_number_capped(text, UINT64_MAX, &capped) && capped == good[i].number);
        free_copy(text);
    }
    uint64_t number;
    assert_true(bytes_number((struct bytes){"123456", 3}, UINT64_MAX, &number) && number == 123);
}

static void refuses_what_is_no_number(void **state)
{
    static const char *const bad[] = {"",    " ",   "-",   "+",  "-1", "+1", " 1", "1 ", "1.0", "1e3",  "0x1",
                                      "1,0", "1\n", "\t1", "1a", "a1", "/",  ":",  "1/", "1:",  "\xb2", "1\xc2\xb2"};
    uint64_t number = 5;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct bytes text = copy_of(bad[i]);
        assert_false(bytes_is_digits(text));
        assert_false(bytes_number(text, UINT64_MAX, &number));
        assert_false(bytes_number_capped(text, UINT64_MAX, &number));
        free_copy(text);
    }
    assert_false(bytes_number(BYTES("1\0"), UINT64_MAX, &number));
    assert_false(bytes_number((struct bytes){"12a", 3}, UINT64_MAX, &number));
    assert_int_equal(number, 5);
}

static void a_number_has_a_limit(void **state)
{
    static const char *const too_many[] = {"18446744073709551616", "18446744073709551620", "99999999999999999999",
                                           "184467440737095516150"};
    uint64_t number = 5;
    (void)state;
    for (size_t i = 0; i < sizeof too_many / sizeof *too_many; i++) {
        assert_false(bytes_number(bytes_of(too_many[i]), UINT64_MAX, &number));
        assert_int_equal(number, 5);
    }
    assert_true(bytes_number(BYTES("65535"), 65535, &number));
    assert_false(bytes_number(BYTES("65536"), 65535, &number));
    assert_int_equal(number, 65535);
    assert_true(bytes_number(BYTES("0"), 0, &number) && number == 0);
    assert_false(bytes_number(BYTES("1"), 0, &number));

    assert_true(bytes_number_capped(BYTES("1000"), 1000, &number) && number == 1000);
    assert_true(bytes_number_capped(BYTES("1001"), 1000, &number) && number == 1000);
    assert_true(bytes_number_capped(bytes_of(too_many[2]), 1000, &number) && number == 1000);
    assert_true(bytes_number_capped(bytes_of(too_many[2]), UINT64_MAX, &number) && number == UINT64_MAX);
}

static void nothing_is_bytes_too(void **state)
{
    struct bytes before, after, rest = NOTHING;
    uint64_t number;
    (void)state;
    assert_true(bytes_is(NOTHING, "") && bytes_begins(NOTHING, "") && bytes_equal(NOTHING, BYTES("")));
    assert_true(bytes_equal(NOTHING, NOTHING));
    assert_false(bytes_is(NOTHING, "a") || bytes_begins(NOTHING, "a") || bytes_equal(NOTHING, BYTES("a")));
    assert_true(bytes_take(&rest, ""));
    assert_false(bytes_take(&rest, "a"));
    assert_false(bytes_split(NOTHING, ' ', &before, &after) || bytes_split_last(NOTHING, ' ', &before, &after));
    assert_true(before.len == 0 && after.len == 0);
    assert_int_equal(bytes_word(&rest, ' ').len, 0);
    assert_false(bytes_is_digits(NOTHING) || bytes_number(NOTHING, 9, &number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares),
        cmocka_unit_test(takes_apart),
        cmocka_unit_test(takes_words),
        cmocka_unit_test(reads_numbers),
        cmocka_unit_test(refuses_what_is_no_number),
        cmocka_unit_test(a_number_has_a_limit),
        cmocka_unit_test(nothing_is_bytes_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
