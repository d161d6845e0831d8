/*
 * One message goes to ten thousand browsers: it is stored once, encoded once per format, and freed with its last user.
 */
#include "words/entry.h"

#include "cmocka_all.h"

#include <string.h>

static unsigned encode_calls;

static void encode(unsigned format, const struct entry *entry, const struct cursor *cursor, struct buffer *out)
{
    (void)cursor;
    encode_calls++;
    if (format == 1)
        buffer_printf(out, "%s:%s", entry->channel, entry->payload);
}

static const struct entry_source source = {
    .position = {5, 1},
    .previous = {4, 0},
    .channel = {"chat", 4},
    .payload = {"hi\0there", 8},
};

static void copies_what_it_is_given(void **state)
{
    struct entry *entry = entry_new(&source);
    (void)state;
    assert_non_null(entry);
    assert_string_equal(entry->channel, "chat");
    assert_string_equal(entry->event, "");
    assert_string_equal(entry->from, "");
    assert_memory_equal(entry->payload, "hi\0there", 9);
    assert_int_equal(entry->payload_len, 8);
    assert_true(entry->is_text);
    assert_int_equal(position_compare(entry->position, source.position), 0);
    assert_true(entry_size(entry) >= 8 + 4);
    entry_unref(entry);
}

static void knows_text_from_bytes(void **state)
{
    struct entry_source binary = source;
    (void)state;
    binary.payload = BYTES("\xff\xfe");
    struct entry *entry = entry_new(&binary);
    assert_false(entry->is_text);
    entry_unref(entry);
}

static void lives_until_the_last_user(void **state)
{
    struct entry *entry = entry_new(&source);
    (void)state;
    assert_ptr_equal(entry_ref(entry), entry);
    entry_unref(entry);
    assert_string_equal(entry->channel, "chat");
    entry_unref(entry);
    entry_unref(NULL);
}

static void encodes_once_per_format(void **state)
{
    struct entry *entry = entry_new(&source);
    (void)state;
    encode_calls = 0;
    const struct buffer *first = entry_encoded(entry, 1, encode);
    assert_memory_equal(first->data, "chat:hi", 7);
    assert_ptr_equal(entry_encoded(entry, 1, encode), first);
    assert_int_equal(encode_calls, 1);
    /* An empty encoding is kept too, and the entry not encoded again. */
    assert_int_equal(entry_encoded(entry, 0, encode)->len, 0);
    assert_non_null(entry_encoded(entry, 0, encode));
    assert_int_equal(encode_calls, 2);
    entry_unref(entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_what_it_is_given),
        cmocka_unit_test(knows_text_from_bytes),
        cmocka_unit_test(lives_until_the_last_user),
        cmocka_unit_test(encodes_once_per_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
