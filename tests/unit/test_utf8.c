/*
 * Bytes that are not UTF-8 must never be sent as a text frame: a browser would close the WebSocket. Nor may a cut make some.
 */
#include "base/utf8.h"

#include "cmocka_all.h"

#include <string.h>

/* RFC 3629 section 3, in the other direction: the bytes of a code point, also of one that UTF-8 does not allow. */
static size_t encode(uint32_t point, char out[4])
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3F));
    out[0] = (char)((0xF00 >> len & 0xF0) | (len == 2 ? 0xC0 : 0) | point);
    return len;
}

static void every_code_point_but_surrogates(void **state)
{
    char bytes[4];
    (void)state;
    for (uint32_t point = 0; point < 0x120000; point++) {
        size_t len = encode(point, bytes);
        bool is_scalar = point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
        if (utf8_is_valid(bytes, len) != is_scalar)
            fail_msg("U+%04X", point);
        for (size_t cut = 1; cut < len; cut++)
            if (utf8_is_valid(bytes, cut))
                fail_msg("U+%04X cut to %zu bytes", point, cut);
    }
}

/* A valid pair is two of the 128 one-byte sequences, or one of the 30 * 64 two-byte sequences. */
static void every_pair_of_bytes(void **state)
{
    unsigned count = 0;
    (void)state;
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++)
            count += utf8_is_valid((char[]){(char)a, (char)b}, 2);
    assert_int_equal(count, 128 * 128 + 30 * 64);
}

static void bad_bytes_anywhere(void **state)
{
    const char *const bad[] = {"\x80",
                               "\xc0\x80",
                               "\xc1\xbf",
                               "\xe0\x9f\xbf",
                               "\xed\xa0\x80",
                               "\xf0\x8f\xbf\xbf",
                               "\xf4\x90\x80\x80",
                               "\xf5\x80\x80\x80",
                               "\xff",
                               "\xfe",
                               "\xe2\x82",
                               "\xf0\x9f\x98"};
    char text[64];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (size_t at = 0; at < 40; at++) {
            memset(text, 'x', sizeof text);
            memcpy(text + at, bad[i], strlen(bad[i]));
            assert_false(utf8_is_valid(text, sizeof text));
            assert_false(utf8_is_valid(text, at + strlen(bad[i])));
            assert_true(utf8_is_valid(text, at));
        }
}

static void empty_and_nul(void **state)
{
    (void)state;
    assert_true(utf8_is_valid("", 0));
    assert_true(utf8_is_valid(NULL, 0));
    assert_true(utf8_is_valid("a\0b", 3));
}

static void control_characters(void **state)
{
    char bytes[6] = {'a'};
    (void)state;
    for (uint32_t point = 0; point < 0x3000; point++) {
        size_t len = 1 + encode(point, bytes + 1);
        bool is_control = point < 0x20 || (point >= 0x7F && point < 0xA0);
        if (utf8_has_control(bytes, len) != is_control)
            fail_msg("U+%04X", point);
    }
    assert_false(utf8_has_control("", 0));
}

static void cut_between_characters(void **state)
{
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"; /* 1, 2, 3 and 4 bytes */
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10, 10};
    (void)state;
    for (size_t most = 0; most < sizeof expected / sizeof expected[0]; most++)
        assert_int_equal(utf8_fit(text, sizeof text - 1, most), expected[most]);
    assert_int_equal(utf8_fit("", 0, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_but_surrogates),
        cmocka_unit_test(every_pair_of_bytes),
        cmocka_unit_test(bad_bytes_anywhere),
        cmocka_unit_test(empty_and_nul),
        cmocka_unit_test(control_characters),
        cmocka_unit_test(cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
