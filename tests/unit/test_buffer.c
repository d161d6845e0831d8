/*
 * Everything that goes to a socket is built in a buffer: it grows, keeps headroom, and reports when memory runs out.
 */
#include "base/buffer.h"

#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

static void grows_and_keeps_its_bytes(void **state)
{
    struct buffer b = {0};
    (void)state;
    for (unsigned i = 0; i < 100000; i++)
        buffer_append(&b, "0123456789", 10);
    assert_int_equal(b.len, 1000000);
    assert_false(b.failed);
    for (size_t i = 0; i < b.len; i += 10)
        assert_memory_equal(b.data + i, "0123456789", 10);
    buffer_fini(&b);
    assert_null(b.data);
    buffer_append_text(&b, "again");
    assert_int_equal(b.len, 5);
    buffer_fini(&b);
}

static void has_writable_headroom(void **state)
{
    struct buffer b = {0};
    (void)state;
    buffer_append_text(&b, "x");
    memset(b.data - BUFFER_HEADROOM, 0xEE, BUFFER_HEADROOM);
    buffer_append(&b, (char[5000]){0}, 5000);
    assert_int_equal(b.data[0], 'x');
    memset(b.data - BUFFER_HEADROOM, 0xEE, BUFFER_HEADROOM);
    buffer_fini(&b);
}

static void prints_short_and_long(void **state)
{
    char text[3001];
    struct buffer b = {0};
    (void)state;
    memset(text, 'y', 3000);
    text[3000] = '\0';
    buffer_printf(&b, "%d-%s", 7, "a");
    buffer_printf(&b, "[%s]", text);
    buffer_printf(&b, "%s", "");
    assert_int_equal(b.len, 3 + 3002);
    assert_memory_equal(b.data, "7-a[yyy", 7);
    assert_memory_equal(b.data + b.len - 2, "y]", 2);
    buffer_fini(&b);
}

static void appends_nothing(void **state)
{
    struct buffer b = {0};
    (void)state;
    buffer_append(&b, NULL, 0);
    buffer_append_text(&b, "");
    assert_null(b.data);
    assert_int_equal(b.len, 0);
    assert_non_null(buffer_reserve(&b, 0));
    assert_int_equal(b.len, 0);
    buffer_fini(&b);
}

static void says_when_memory_is_out(void **state)
{
    struct buffer b = {0};
    (void)state;
    buffer_append_text(&b, "kept");
    assert_null(buffer_reserve(&b, SIZE_MAX / 2));
    assert_true(b.failed);
    buffer_append_text(&b, "ignored");
    buffer_printf(&b, "%s", "ignored");
    assert_null(buffer_reserve(&b, 1));
    assert_int_equal(b.len, 4);
    buffer_clear(&b);
    assert_false(b.failed);
    buffer_append_text(&b, "whole");
    assert_memory_equal(b.data, "whole", 5);
    buffer_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_keeps_its_bytes), cmocka_unit_test(has_writable_headroom),
        cmocka_unit_test(prints_short_and_long),     cmocka_unit_test(appends_nothing),
        cmocka_unit_test(says_when_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
