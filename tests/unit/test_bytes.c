/*
 * What comes from outside is read through these: nothing beyond its end may be looked at, and nothing that is not all of
 * a number may pass for one.
 */
#include "base/bytes.h"

#include "cmocka_all.h"

static void a_text_is_itself_and_begins_with_its_beginning(void **state)
{
    (void)state;
    struct bytes bytes = {"lobby:42", 5};
    assert_true(bytes_is(bytes, "lobby"));
    assert_false(bytes_is(bytes, "lobb"));
    assert_false(bytes_is(bytes, "lobby:"));
    assert_true(bytes_begins(bytes, "lob"));
    assert_true(bytes_begins(bytes, ""));
    assert_false(bytes_begins(bytes, "lobby:42"));
    assert_true(bytes_is(bytes_of("lobby"), "lobby"));
}

static void numbers_are_digits_and_fit_into_64_bits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t number;
    } good[] = {{"0", 0}, {"007", 7}, {"1795640735697", 1795640735697}, {"18446744073709551615", UINT64_MAX}};
    static const char *const bad[] = {
        "", " 1", "1 ", "-1", "+1", "1.0", "0x1", "18446744073709551616", "99999999999999999999"};
    uint64_t number = 0;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(bytes_number(bytes_of(good[i].text), &number));
        assert_true(number == good[i].number);
    }
    number = 42;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (bytes_number(bytes_of(bad[i]), &number) || number != 42)
            fail_msg("taken for a number: %s", bad[i]);
    assert_true(bytes_number((struct bytes){"123456", 3}, &number));
    assert_int_equal(number, 123);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_itself_and_begins_with_its_beginning),
        cmocka_unit_test(numbers_are_digits_and_fit_into_64_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
