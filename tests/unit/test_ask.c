/*
 * A browser that reconnects repeats its URL and adds Last-Event-ID: the header wins. An id that is not one of ours is
 * refused at once, instead of silently starting somewhere else. The same holds for the other arguments.
 */
#include "ask.h"

#include "access/access.h"
#include "cmocka_all.h"
#include "http/request.h"
#include "words/glob.h"

static struct request_arg args[8];
static struct request request = {.args = args};

static void add(const char *name, const char *value)
{
    args[request.arg_count++] = (struct request_arg){bytes_of(name), bytes_of(value)};
}

static void ask(const char *header, const char *name, const char *value)
{
    request = (struct request){.args = args};
    if (header)
        request.last_event_id = bytes_of(header);
    if (name)
        add(name, value);
}

static struct start read_good(void)
{
    static struct ask asked;
    assert_null(ask_start(&asked, &request).problem);
    return asked.start;
}

static void assert_bad(void)
{
    struct ask asked;
    assert_ptr_equal(ask_start(&asked, &request).problem, problem_of(PROBLEM_BAD_CURSOR));
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
        assert_int_equal(position_compare(start.after->base, (struct position){17, 4}), 0);
    }
}

static void the_header_wins(void **state)
{
    (void)state;
    ask("9-9", "last_event_id", "1-1");
    assert_int_equal(position_compare(read_good().after->base, (struct position){9, 9}), 0);
    ask("9-9", "replay", "5");
    assert_int_equal(read_good().kind, START_AFTER);
}

static void the_beginning_and_the_newest(void **state)
{
    (void)state;
    ask(NULL, "since", "0");
    assert_true(read_good().kind == START_AFTER && cursor_is_begin(read_good().after));
    ask(NULL, "replay", "12");
    assert_true(read_good().kind == START_NEWEST && read_good().count == 12);
    ask(NULL, "replay", "999999999");
    assert_int_equal(read_good().count, ASK_NEWEST_MAX);
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

/* --- the other arguments ------------------------------------------------------------------------------------------ */

static void channels_are_all_or_nothing(void **state)
{
    struct glob_list open, none, defaults;
    struct ask asked;
    (void)state;
    assert_true(glob_list_parse(&open, "public:*") && glob_list_parse(&none, "") &&
                glob_list_parse(&defaults, "public:news"));
    const struct access access = {
        .anonymous = {.rights = {&open, &none}}, .internal_prefix = "bridge:", .channels = &none};
    ask(NULL, "channel", "public:a");
    add("format", "json");
    assert_null(ask_channels(&asked, &request, &none, 3).problem);
    assert_int_equal(asked.count, 1);
    assert_true(ask_is_one_channel(&asked));
    assert_null(ask_check_rights(&asked, &access, &access.anonymous).problem);
    add("channel", "secret");
    assert_null(ask_channels(&asked, &request, &none, 3).problem);
    assert_ptr_equal(ask_check_rights(&asked, &access, &access.anonymous).problem, problem_of(PROBLEM_FORBIDDEN));
    add("channel", "public:b");
    assert_null(ask_channels(&asked, &request, &none, 3).problem);
    add("channel", "public:c");
    assert_ptr_equal(ask_channels(&asked, &request, &none, 3).problem, problem_of(PROBLEM_TOO_MANY_CHANNELS));
    request.arg_count = 0;
    assert_null(ask_channels(&asked, &request, &none, 3).problem);
    assert_int_equal(asked.count, 0);
    assert_null(ask_channels(&asked, &request, &defaults, 3).problem);
    assert_int_equal(asked.count, 1);
    glob_list_fini(&open);
    glob_list_fini(&none);
    glob_list_fini(&defaults);
}

static void a_pattern_is_not_one_channel(void **state)
{
    struct glob_list none = {0};
    struct ask asked;
    (void)state;
    ask(NULL, "channel", "public:*");
    assert_null(ask_channels(&asked, &request, &none, 3).problem);
    assert_false(ask_is_one_channel(&asked));
}

static unsigned limit_of(const char *text)
{
    unsigned limit = 0;
    ask(NULL, "limit", text);
    struct refusal refusal = ask_limit(&request, &limit);
    assert_true(!refusal.problem || refusal.problem == problem_of(PROBLEM_BAD_LIMIT));
    return refusal.problem ? 0 : limit;
}

static void a_limit_is_a_number_from_1_on(void **state)
{
    (void)state;
    assert_int_equal(limit_of(""), 100);
    assert_int_equal(limit_of("1"), 1);
    assert_int_equal(limit_of("0007"), 7);
    assert_int_equal(limit_of("1000"), 1000);
    assert_int_equal(limit_of("1001"), 1000);
    assert_int_equal(limit_of("99999999999999999999999999"), 1000);
    assert_int_equal(limit_of("0"), 0);
    assert_int_equal(limit_of("-1"), 0);
    assert_int_equal(limit_of("1e3"), 0);
    assert_int_equal(limit_of("99999999999999999999999999x"), 0);
}

static void the_format_is_json_or_not_said(void **state)
{
    bool is_json = true;
    (void)state;
    ask(NULL, NULL, NULL);
    assert_null(ask_format(&request, &is_json).problem);
    assert_false(is_json);
    ask(NULL, "format", "text");
    assert_null(ask_format(&request, &is_json).problem);
    assert_false(is_json);
    ask(NULL, "format", "json");
    assert_null(ask_format(&request, &is_json).problem);
    assert_true(is_json);
    ask(NULL, "format", "JSON");
    assert_ptr_equal(ask_format(&request, &is_json).problem, problem_of(PROBLEM_BAD_FORMAT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said_is_now),
        cmocka_unit_test(every_spelling_of_a_cursor),
        cmocka_unit_test(the_header_wins),
        cmocka_unit_test(the_beginning_and_the_newest),
        cmocka_unit_test(what_is_no_id_is_refused),
        cmocka_unit_test(channels_are_all_or_nothing),
        cmocka_unit_test(a_pattern_is_not_one_channel),
        cmocka_unit_test(a_limit_is_a_number_from_1_on),
        cmocka_unit_test(the_format_is_json_or_not_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
