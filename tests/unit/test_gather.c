/*
 * A message may arrive in any number of pieces, and is still one message. One that is bound to be too large is refused
 * before all of it has arrived.
 */
#include "gather.h"

#include "cmocka_all.h"

#include <string.h>

static struct buffer so_far;
static struct bytes message;

static enum gathered add(const char *text, bool is_first, bool is_final, size_t missing)
{
    struct piece piece = {
        .bytes = (char *)text, .len = strlen(text), .missing = missing, .is_first = is_first, .is_final = is_final};
    return gather_add(&so_far, &piece, 8, &message);
}

static void one_piece_is_not_copied(void **state)
{
    static const char text[] = "hello";
    (void)state;
    assert_int_equal(add(text, true, true, 0), GATHERED_WHOLE);
    assert_ptr_equal(message.data, text);
    assert_int_equal(message.len, 5);
    assert_null(so_far.data);
    assert_int_equal(add("", true, true, 0), GATHERED_WHOLE);
    assert_int_equal(message.len, 0);
}

static void pieces_are_put_behind_each_other(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(add("ab", true, false, 0), GATHERED_PART);
        assert_int_equal(add("", false, false, 0), GATHERED_PART);
        assert_int_equal(add("cd", false, true, 0), GATHERED_WHOLE);
        assert_true(bytes_is(message, "abcd"));
        gather_done(&so_far);
        assert_null(so_far.data);
    }
    assert_int_equal(add("", true, false, 0), GATHERED_PART);
    assert_int_equal(add("", false, true, 0), GATHERED_WHOLE);
    assert_int_equal(message.len, 0);
}

static void what_must_become_too_large_is_given_up(void **state)
{
    (void)state;
    assert_int_equal(add("12345678", true, true, 0), GATHERED_WHOLE);
    assert_int_equal(add("123456789", true, true, 0), GATHERED_TOO_LARGE);
    assert_int_equal(add("1", true, false, 8), GATHERED_TOO_LARGE);
    assert_int_equal(add("1234", true, false, 0), GATHERED_PART);
    assert_int_equal(add("5678", false, false, 0), GATHERED_PART);
    assert_int_equal(add("9", false, true, 0), GATHERED_TOO_LARGE);
    gather_done(&so_far);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_piece_is_not_copied),
        cmocka_unit_test(pieces_are_put_behind_each_other),
        cmocka_unit_test(what_must_become_too_large_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
