/*
 * A browser that comes back repeats its URL and adds Last-Event-ID: the header wins. What is not an id of ours is said
 * so at once, instead of starting somewhere else without a word.
 */
#include "start.h"

#include "cmocka_all.h"
#include "request.h"

#include <string.h>

static struct request request;

static void ask(const char *header, const char *name, const char *value)
{
    request = (struct request){0};
    if (header)
        strcpy(request.last_event_id, header);
    if (!name)
        return;
    request.arg_count = 1;
    request.args[0] = (struct request_arg){{name, strlen(name)}, {value, strlen(value)}};
}

static struct start read_good(void)
{
    struct start start;
    assert_null(start_read(&request, &start));
    return start;
}

static void assert_bad(void)
{
    struct start start;
    assert_non_null(start_read(&request, &start));
}

static void nothing_said_is_now(void **state)
{
    (void)state;
    ask(NULL, NULL, NULL);
    assert_int_equal(read_good().kind, START_NOW);
    ask("", "last_event_id", "");
    assert_int_equal(read_good().kind, START_NOW);
    ask("", "replay", "0");
    assert_int_equal(read_good().kind, START_NOW);
}

static void every_spelling_of_a_cursor(void **state)
{
    static const char *const names[] = {"last_event_id", "lastEventId", "last-event-id",
                                        "Last-Event-Id", "after",       "since"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ask(NULL, names[i], "17-4");
        struct start start = read_good();
        assert_int_equal(start.kind, START_AFTER);
        assert_int_equal(position_compare(start.after, (struct position){17, 4}), 0);
    }
}

static void the_header_wins(void **state)
{
    (void)state;
    ask("9-9", "last_event_id", "1-1");
    assert_int_equal(position_compare(read_good().after, (struct position){9, 9}), 0);
    ask("9-9", "replay", "5");
    assert_int_equal(read_good().kind, START_AFTER);
}

static void the_beginning_and_the_newest(void **state)
{
    (void)state;
    ask(NULL, "since", "0");
    assert_true(read_good().kind == START_AFTER && position_is_begin(read_good().after));
    ask(NULL, "replay", "12");
    assert_true(read_good().kind == START_NEWEST && read_good().count == 12);
    ask(NULL, "replay", "999999999");
    assert_int_equal(read_good().count, REPLAY_MAX);
}

static void what_is_no_id_is_refused(void **state)
{
    static const char *const bad[] = {"abc", "-", "1-", "-1", "1-2-3", "1 2", "18446744073709551616-0", "1-2\n", "?"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ask(bad[i], NULL, NULL);
        assert_bad();
        ask(NULL, "since", bad[i]);
        assert_bad();
    }
    ask(NULL, "replay", "-1");
    assert_bad();
    ask(NULL, "replay", "1e3");
    assert_bad();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said_is_now),      cmocka_unit_test(every_spelling_of_a_cursor),
        cmocka_unit_test(the_header_wins),          cmocka_unit_test(the_beginning_and_the_newest),
        cmocka_unit_test(what_is_no_id_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
